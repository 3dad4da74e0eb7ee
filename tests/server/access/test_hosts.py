"""The gateway's own names, and names that an attacker rebinds to it."""

from __future__ import annotations

import pytest

from server.access.hosts import Hosts

LOCAL = ["localhost", "localhost:8888", "LocalHost:8888", "127.0.0.1:8888", "127.0.0.2", "[::1]:80"]
FOREIGN = [
    "evil.example",
    "evil.example:8888",
    "localhost.evil.example",
    "10.0.0.1",
    "",
    "[",
    "a@b",
]


@pytest.mark.parametrize(
    ("setting", "local", "host", "allowed"),
    [
        *(("", True, host, True) for host in [*LOCAL, "app.localhost"]),
        *(("", True, host, False) for host in FOREIGN),
        *(("", False, host, True) for host in [*LOCAL, *FOREIGN]),
        *(("*", True, host, True) for host in [*LOCAL, *FOREIGN]),
        *(("cameras.example, b.example", False, host, False) for host in [*LOCAL, *FOREIGN]),
        *(("cameras.example, b.example", True, host, True) for host in LOCAL),
        ("cameras.example, b.example", False, "Cameras.Example:443", True),
        ("Cameras.example:443", True, "cameras.example", True),
        ("cameras.example", False, "a.cameras.example", False),
        ("[2001:db8::1]", False, "[2001:db8::1]:8888", True),
    ],
)
def test_a_host_is_allowed_by_name_or_because_it_is_local(
    setting: str, local: bool, host: str, allowed: bool
) -> None:
    assert Hosts(setting, local).allows(host) is allowed
