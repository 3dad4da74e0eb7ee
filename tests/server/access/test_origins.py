"""The setting ``allowed_origins``."""

from __future__ import annotations

import pytest

from server.access.origins import Origins
from server.settings import WrongSetting

HOST = "cameras.example:8888"


def allows(setting: str, origin: str, host: str = HOST, scheme: str | None = None) -> bool:
    return Origins(setting).allows(origin, host, scheme)


def test_wechat_allows_the_origins_of_mini_programs() -> None:
    for origin in ("https://servicewechat.com", "weapp://wechat-game-runtime"):
        assert allows("wechat", origin)
        assert not allows("", origin)
    assert not allows("wechat", "https://servicewechat.com.evil.example")
    assert not allows("wechat", "http://servicewechat.com")
    assert not allows("wechat", "wechat")


def test_an_origin_is_no_longer_than_a_host_name_can_be() -> None:
    for host, allowed in (("a" * 253, True), ("a" * 300, False)):
        assert allows("", f"http://{host}", host) is allowed
        assert allows("*", f"http://{host}", "") is allowed


def test_sub_domains() -> None:
    setting = "https://*.example.com, http://*.test:8080"
    for origin in ("https://a.example.com", "https://a.b.Example.com", "http://a.test:8080"):
        assert allows(setting, origin)
    for origin in (
        "https://example.com",
        "https://.example.com",
        "https://aexample.com",
        "https://a.example.com.evil.org",
        "https://a.example.com:8443",
        "https://evil.org/a.example.com",
        "https://evil.org#.example.com",
        "https://evil.org@a.example.com",
        "http://a.example.com",
        "https://axexamplexcom",
        "http://a.test",
        "https://a.example.com\n",
    ):
        assert not allows(setting, origin), origin


@pytest.mark.parametrize(
    ("setting", "origin"),
    [
        ("https://Example.com", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:80", "http://example.com"),
        ("https://example.com", "https://example.com:443"),
        ("https://m\xfcnchen.example", "https://xn--mnchen-3ya.example"),
        ("https://*.M\xfcnchen.example", "https://a.xn--mnchen-3ya.example"),
        ("https://*.example.com:443", "https://a.example.com"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_settings_match_what_browsers_send(setting: str, origin: str) -> None:
    assert allows(setting, origin)
    assert not allows(setting, origin.replace("://", "://u@"))


@pytest.mark.parametrize(
    "word",
    [
        "https://[",
        "https://example.com:99999",
        "https://example.com:port",
        "https://user@example.com",
        "https://example.com?a",
        "https://example.com#a",
        "https://" + "\xfc" * 70,
    ],
)
def test_entries_that_are_not_origins(word: str) -> None:
    with pytest.raises(WrongSetting, match="allowed_origins: ") as caught:
        Origins(f"wechat, {word}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.com.",
        "https://example.com@evil.org",
        "https://evil.org@example.com",
        "https://example.com/",
        "https://example.com?",
        "https://example.com#",
        "https://example.com\n",
        " https://example.com",
        "https://exam\tple.com",
        "https://example.com\\@evil.org",
        "https://evil.org\\.example.com",
    ],
)
def test_lookalike_origins_are_rejected(origin: str) -> None:
    assert not allows("https://example.com, https://*.example.com", origin)
    assert not allows("", origin, host="example.com")


def test_null_is_allowed_only_explicitly() -> None:
    assert allows("null", "null")
    assert not allows("https://example.com", "null")


def test_a_star_allows_every_valid_origin() -> None:
    for origin in ("https://example.com", "null", "weapp://wechat-game-runtime"):
        assert allows("*", origin)
    for origin in ("", "nonsense", "http://[broken"):
        assert not allows("*", origin)


@pytest.mark.parametrize(
    ("origin", "scheme", "allowed"),
    [
        ("https://cameras.example:8888", "https", True),
        ("https://Cameras.Example:8888", "https", True),
        ("http://cameras.example:8888", "https", False),
        ("https://cameras.example:8888", "http", False),
        ("http://cameras.example:8888", None, True),
        ("https://cameras.example", "https", False),
    ],
)
def test_the_gateways_own_pages(origin: str, scheme: str | None, allowed: bool) -> None:
    assert allows("", origin, scheme=scheme) is allowed
    assert not allows("", origin, host="", scheme=scheme)


def test_a_default_port_in_the_host_header() -> None:
    assert allows("", "https://cameras.example", "cameras.example:443", "https")
    assert allows("", "http://cameras.example", "cameras.example:80")
    assert not allows("", "https://cameras.example", "cameras.example:80")
