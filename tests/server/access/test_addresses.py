"""The client's address behind proxies, and spoofed headers."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders

from server.access.addresses import Client, TrustedProxies, network
from server.settings import WrongSetting

PROXIES = "127.0.0.1, 10.0.0.0/8, ::1, fd00::/8"


def client(
    peer: str, scheme: str = "http", trusted: str = PROXIES, **headers: str
) -> tuple[str, str | None]:
    given = HTTPHeaders({name.replace("_", "-"): value for name, value in headers.items()})
    found = TrustedProxies(trusted).client(peer, scheme, given)
    assert isinstance(found, Client)
    return found.address, found.scheme


LIE = {"X_Forwarded_For": "6.6.6.6", "X_Real_IP": "6.6.6.6", "X_Forwarded_Proto": "https"}


def test_headers_from_untrusted_peers_are_ignored() -> None:
    assert client("8.8.8.8", **LIE) == ("8.8.8.8", None)
    assert client("127.0.0.1", trusted="", **LIE) == ("127.0.0.1", None)
    assert client("11.0.0.1", **LIE) == ("11.0.0.1", None)


def test_own_tls_determines_the_scheme() -> None:
    assert client("8.8.8.8", "https") == ("8.8.8.8", "https")


def test_a_trusted_proxy_names_the_client() -> None:
    said = {"X_Forwarded_For": "8.8.8.8", "X_Forwarded_Proto": "https"}
    for peer in ("127.0.0.1", "10.9.9.9", "::1", "fd00::5", "::ffff:10.0.0.1"):
        assert client(peer, **said) == ("8.8.8.8", "https")
    assert client("127.0.0.1", X_Real_IP="8.8.8.8") == ("8.8.8.8", None)


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ("6.6.6.6, 8.8.8.8", "8.8.8.8"),  # the client wrote the left one
        ("6.6.6.6, 8.8.8.8, 10.0.0.7", "8.8.8.8"),
        ("10.0.0.1, 8.8.8.8", "8.8.8.8"),
        ("10.0.0.3, 10.0.0.7", "10.0.0.3"),  # all are trusted
        ("8.8.8.8, nonsense", "127.0.0.1"),  # no trusted proxy wrote that
        ("8.8.8.8, nonsense, 10.0.0.7", "10.0.0.7"),
        ("8.8.8.8:5000", "8.8.8.8"),
        ("[2001:db8::1]:5000", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        (" , ,", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_right_most_untrusted_address_is_the_client(chain: str, address: str) -> None:
    assert client("127.0.0.1", X_Forwarded_For=chain)[0] == address


@pytest.mark.parametrize(
    ("said", "scheme"),
    [("https", "https"), ("http", "http"), ("http, https", "https"), ("gopher", None), ("", None)],
)
def test_a_trusted_proxy_names_the_scheme(said: str, scheme: str | None) -> None:
    assert client("127.0.0.1", X_Forwarded_Proto=said)[1] == scheme


@pytest.mark.parametrize("text", ["nginx", "10.0.0.0/33", "10.0.0.1/8", "1.2.3", "10.0.0.0/8 x"])
def test_unparsable_addresses(text: str) -> None:
    with pytest.raises(WrongSetting, match="trusted_proxies: ") as caught:
        TrustedProxies(text)
    assert "\n" not in str(caught.value)
    assert "such as" in str(caught.value) or "10.0.0.0/8?" in str(caught.value)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("", ""),  # a peer that has gone
    ],
)
def test_what_shares_the_limits_of_an_address(address: str, key: str) -> None:
    assert network(address) == key
