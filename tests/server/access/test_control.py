"""Access control as a whole: which settings go together, and what start-up warns about."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from tornado.httputil import HTTPConnection, HTTPServerRequest, RequestStartLine

from framewire import textfile
from server.access import audit, tls
from server.access.control import AccessControl
from server.settings import Settings, WrongSetting
from tests.server.access import authority
from tests.server.access.authority import certify
from tests.server.access.keyring import pair, secret, write

OPEN = {"host": "0.0.0.0"}


def assert_wrong(words: str, **values: Any) -> None:
    with pytest.raises(WrongSetting) as caught:
        AccessControl.from_settings(Settings(**values))
    assert words in str(caught.value)


def test_everything_is_off_by_default() -> None:
    access = AccessControl.from_settings(Settings())
    assert (access.tls, access.tokens, access.wechat, access.watchers) == (None, None, None, [])


def test_a_login_needs_a_signing_key_and_a_secret(tmp_path: Path) -> None:
    keys = write(tmp_path / "keys.json", secret())
    login: dict[str, Any] = {"wechat_appid": "wx1", "token_keys": keys, "wechat_secret": "hush"}
    assert AccessControl.from_settings(Settings(**login)).wechat is not None
    assert_wrong("token_keys is required", **{**login, "token_keys": ""})
    assert_wrong("wechat_secret or wechat_secret_file", **{**login, "wechat_secret": ""})
    public = write(tmp_path / "public.json", pair("EdDSA")[1])
    assert_wrong("no key in it can sign", **{**login, "token_keys": public})


def test_a_secret_file_takes_precedence_and_is_reloaded(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("first\n")
    keys = write(tmp_path / "keys.json", secret())
    login: dict[str, Any] = {"wechat_appid": "wx1", "token_keys": keys, "wechat_secret": "hush"}
    access = AccessControl.from_settings(Settings(**login, wechat_secret_file=str(file)))
    assert access.wechat is not None
    assert access.wechat.secret == "first"
    file.write_text("second")
    for watch in access.watchers:
        watch.reload()
    assert access.wechat.secret == "second"
    for content, words in ((b" \n", "the file is empty"), (b"\xff", "is not UTF-8 text")):
        file.write_bytes(content)
        assert_wrong(words, **login, wechat_secret_file=str(file))
    assert_wrong("No such file", **login, wechat_secret_file=str(tmp_path / "nothing"))


def test_a_certificate_needs_its_key() -> None:
    for half in ("tls_certificate", "tls_key"):
        assert_wrong("must be set together", **{half: "x.pem"})


# Warnings at start


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_no_warnings_on_loopback(host: str) -> None:
    assert audit.warnings(Settings(host=host, allowed_origins="*")) == []


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.168.1.5", "cameras.example"])
def test_warnings_on_a_public_address(host: str) -> None:
    unencrypted, anybody = audit.warnings(Settings(host=host))
    assert "tls_certificate" in unencrypted
    assert "trusted_proxies" in unencrypted
    assert "token_keys" in anybody


def test_no_warning_about_what_is_configured() -> None:
    secured = {"tls_certificate": "c", "tls_key": "k", "token_keys": "t"}
    assert audit.warnings(Settings(**OPEN, **secured)) == []
    [origins] = audit.warnings(Settings(**OPEN, **secured, allowed_origins="wechat, *"))
    assert "allowed_origins" in origins


def test_an_admin_listener_that_others_reach_needs_tls() -> None:
    [line] = audit.warnings(Settings(admin="0.0.0.0:8889"))
    assert "admin tokens travel unencrypted" in line
    for admin in ("8889", "[::1]:8889"):
        assert audit.warnings(Settings(admin=admin)) == []
    assert audit.warnings(Settings(admin="0.0.0.0:8889", tls_certificate="cert")) == []


def test_loopback_behind_a_proxy_is_reachable() -> None:
    [anybody] = audit.warnings(Settings(trusted_proxies="127.0.0.1"))
    assert "token_keys" in anybody


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("127.1.0.1", "127.1.0.1"),
        ("2001:db8::7", "2001:db8::/64"),
    ],
)
def test_which_addresses_limits_apply_to(address: str, counted: str | None) -> None:
    access = AccessControl.from_settings(Settings())
    line = RequestStartLine("GET", "/", "HTTP/1.0")
    request = HTTPServerRequest(start_line=line, connection=HTTPConnection())
    request.remote_ip, request.protocol = address, "http"
    assert access.limited(request) == access.proxies.limited_peer(address) == counted


def test_connections_of_a_trusted_proxy_are_anybodys() -> None:
    access = AccessControl.from_settings(Settings(trusted_proxies="10.0.0.0/8"))
    assert access.proxies.limited_peer("10.1.2.3") is None
    assert access.proxies.limited_peer("11.1.2.3") == "11.1.2.3"


# Files that change


def test_a_change_during_the_first_load_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway takes seconds to start; its files are compared with what was there before."""
    keys = tmp_path / "keys.json"
    write(keys, secret("old"))
    login = tmp_path / "secret"
    login.write_text("old")
    root = certify("root")
    chain, key = authority.write(tmp_path, certify("leaf", root), root)
    read, context = textfile.read, tls.server_context

    def change_after_reading(path: str) -> str:
        text = read(path)
        write(keys, secret("another"))
        login.write_text("another")
        return text

    def change_after_loading(*paths: str) -> ssl.SSLContext:
        found = context(*paths)
        authority.write(tmp_path, certify("leaf", root), root)
        return found

    with monkeypatch.context() as changing:
        changing.setattr(textfile, "read", change_after_reading)
        changing.setattr(tls, "server_context", change_after_loading)
        access = AccessControl.from_settings(
            Settings(
                tls_certificate=chain,
                tls_key=key,
                token_keys=str(keys),
                wechat_appid="wx1",
                wechat_secret_file=str(login),
            )
        )
    assert access.tls is not None
    assert access.wechat is not None
    before = access.tls.context
    for watch in access.watchers:
        watch.poll()
        watch.poll()
    assert access.tls.context is not before
    assert access.tokens is not None
    assert access.tokens.signing_key().kid == "another"
    assert access.wechat.secret == "another"
