"""Settings that do nothing, or harm, because of another one: what is said at start."""

from __future__ import annotations

from typing import Any

import pytest

from server.settings import Settings, combinations
from tests.server.gateway_process import running


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"wechat_secret": "s3cret"}, "wechat_secret has no effect: wechat_appid is not set"),
        ({"admin_tokens": "/tokens"}, "admin_tokens has no effect: admin is not set"),
        (
            {"token_issuer": "me", "max_sessions_per_subject": 1},
            "token_issuer, max_sessions_per_subject have no effect: token_keys is not set",
        ),
        ({"shadow_share": 1.0}, "shadow_share has no effect: shadow is not set"),
        ({"trace_share": 1.0}, "trace_share has no effect: otlp_endpoint is not set"),
        ({"record_unit": "sessions"}, "record_unit has no effect: record is not set"),
        (
            {"canary_label": "next"},
            "canary_label has no effect: canary_share, canary_steps or admin is not set",
        ),
        (
            {"max_wait_ms": 500.0},
            "max_wait_ms (500) is not below max_staleness_ms (500): frames that wait for a larger "
            "batch expire",
        ),
    ],
)
def test_a_setting_without_the_one_it_needs(given: dict[str, Any], line: str) -> None:
    assert combinations.warnings(Settings(**given)) == [line]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"wechat_appid": "wx1", "wechat_secret": "s3cret", "login_token_s": 60},
        {"admin": "1", "admin_tokens": "/tokens"},
        {"token_keys": "keys.json", "token_issuer": "me"},
        {"canary_label": "next", "canary_share": 0.1},
        {"canary_label": "next", "canary_steps": "5,25"},
        {"canary_label": "next", "admin": "1"},
        {"record": "frames", "record_share": 1.0},
    ],
)
def test_settings_that_have_what_they_need(given: dict[str, Any]) -> None:
    assert combinations.warnings(Settings(**given)) == []


@pytest.mark.parametrize("workers", [1, 2])
async def test_it_is_said_once_at_start(workers: int) -> None:
    async with running("--admin-tokens=/tokens", f"--workers={workers}") as gateway:
        line = await gateway.says("admin_tokens has no effect: admin is not set")
        assert "WARNING server: " in line
        await gateway.says("no model server answers")
    assert len([one for one in gateway.lines if "no effect" in one]) == 1
