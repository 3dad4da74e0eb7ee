"""What is insecure about a gateway that others can reach, as warnings at start."""

from __future__ import annotations

from server.access.addresses import is_loopback
from server.access.administration import address_of
from server.settings import Settings


def warnings(settings: Settings) -> list[str]:
    """Return one line for each missing protection; none for a gateway on loopback."""
    return [
        *(_public(settings) if _reachable(settings) else ()),
        *(_administration(settings) if settings.admin else ()),
    ]


def _public(settings: Settings) -> list[str]:
    lines = []
    if not settings.tls_certificate and not settings.trusted_proxies:
        lines.append(
            "no TLS configured, so pictures and tokens travel unencrypted: set tls_certificate "
            "and tls_key, or use a proxy with TLS and name it in trusted_proxies"
        )
    if not settings.token_keys:
        lines.append(
            "no authentication configured, so anyone who can reach this address can use it: "
            "set token_keys"
        )
    if "*" in [origin.strip() for origin in settings.allowed_origins.split(",")]:
        lines.append("allowed_origins is *, so pages of every site may connect: list your own")
    return lines


def _administration(settings: Settings) -> list[str]:
    host, _ = address_of(settings)
    if is_loopback(host) or settings.tls_certificate:
        return []
    return [
        "no TLS configured, so admin tokens travel unencrypted: set tls_certificate and tls_key"
    ]


def _reachable(settings: Settings) -> bool:
    return bool(settings.trusted_proxies) or not is_loopback(settings.host)
