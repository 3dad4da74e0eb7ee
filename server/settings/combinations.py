"""Settings that do nothing, or harm, because of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from server.settings.table import Settings

_NEEDS: Mapping[str, Sequence[str]] = {
    "token_keys": ("token_audience", "token_issuer", "token_leeway_s", "max_sessions_per_subject"),
    "wechat_appid": (
        *("wechat_secret", "wechat_secret_file", "wechat_url", "wechat_timeout_s"),
        *("login_token_s", "max_logins_per_min"),
    ),
    "admin": ("admin_tokens",),
    "shadow": ("shadow_share",),
    "otlp_endpoint": ("trace_share",),
    "record": ("record_share", "record_unit", "record_max_mb", "record_keep_h"),
}
"""By a setting that is empty by default: those that do nothing without it."""


def warnings(settings: Settings) -> list[str]:
    """Return a line for each combination that is probably a mistake. Quotes no secret."""
    given = [row.name for row in fields(settings) if getattr(settings, row.name) != row.default]
    lines = []
    for needed, names in _NEEDS.items():
        ignored = [name for name in names if name in given]
        if ignored and needed not in given:
            lines.append(_line(ignored, needed))
    # An operator can set a share while the gateway runs.
    shares = settings.canary_share or settings.canary_steps.strip() or settings.admin
    if "canary_label" in given and not shares:
        lines.append(_line(["canary_label"], "canary_share, canary_steps or admin"))
    if settings.max_wait_ms >= settings.max_staleness_ms:
        lines.append(
            f"max_wait_ms ({settings.max_wait_ms:g}) is not below max_staleness_ms "
            f"({settings.max_staleness_ms}): frames that wait for a larger batch expire"
        )
    return lines


def _line(ignored: Sequence[str], needed: str) -> str:
    verb = "has" if len(ignored) == 1 else "have"
    return f"{', '.join(ignored)} {verb} no effect: {needed} is not set"
