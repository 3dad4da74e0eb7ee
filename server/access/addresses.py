"""The client's real address behind reverse proxies.

Anyone can send ``X-Forwarded-For``. It is believed only if the peer is one of the
setting ``trusted_proxies``, and only as far as such proxies wrote it: each proxy
appends the address that it saw, so the list is read from the right, and the first
address that is not a trusted proxy's is the client's. Whatever is to the left of it
came from the client.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.settings import WrongSetting

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV6_PREFIX_BITS = 64

# The usual loopback addresses only: whoever binds to another of 127.0.0.0/8 is counted by it.
THIS_MACHINE = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Client:
    """An address, and the scheme that it used: http, https, or None if unknown."""

    address: str
    scheme: str | None


class TrustedProxies:
    """The proxies whose forwarded headers are believed.

    ``text``: addresses and networks, separated by commas. Raises WrongSetting.
    """

    def __init__(self, text: str) -> None:
        self._networks = [_network(word.strip()) for word in text.split(",") if word.strip()]

    def client(self, peer: str, scheme: str, headers: Mapping[str, str]) -> Client:
        """Return the client. ``peer`` and ``scheme`` are those of the connection itself."""
        if not self._trusts(parse(peer)):
            # An unlisted proxy may have terminated TLS, so plain http proves nothing.
            return Client(peer, scheme if scheme == "https" else None)
        return Client(self._client_address(peer, headers), _forwarded_scheme(headers))

    def trusts(self, peer: str) -> bool:
        """Return whether forwarded headers of ``peer`` are believed."""
        return self._trusts(parse(peer))

    def limited_peer(self, peer: str) -> str | None:
        """Return what the limits by address count a connection by; None: no limit applies.

        It may carry requests of anyone if a trusted proxy has opened it.
        """
        return None if peer in THIS_MACHINE or self.trusts(peer) else network(peer)

    def _client_address(self, peer: str, headers: Mapping[str, str]) -> str:
        client = peer
        for text in _forwarded(headers):
            address = parse(text)
            if address is None:
                break
            client = str(address)
            if not self._trusts(address):
                break
        return client

    def _trusts(self, address: Address | None) -> bool:
        if address is None:
            return False
        return any(address in network for network in self._networks)


def network(address: str) -> str:
    """Return what an address's limits apply to: an IPv4 address, or an IPv6 prefix.

    A household or a host usually has a whole prefix to choose its addresses from.
    """
    parsed = parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
    return str(parsed or address)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address; names except localhost do not count.

    A name may resolve to any address, so it is treated as public.
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse(text: str) -> Address | None:
    """Parse an address as proxies write it: with or without a port, IPv4 also mapped to IPv6."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise WrongSetting(f"trusted_proxies: {text[:80]!r} {_fault(text)}") from None


def _fault(text: str) -> str:
    """Return why a text is no network."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return "is not an address or a network, such as 127.0.0.1 or 10.0.0.0/8"
    return f"is an address in a network; did you mean {network}?"


def _forwarded(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the forwarded addresses, the nearest first."""
    chain = headers.get("X-Forwarded-For") or headers.get("X-Real-Ip") or ""
    yield from reversed([address for address in chain.split(",") if address.strip()])


def _forwarded_scheme(headers: Mapping[str, str]) -> str | None:
    scheme = headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    return scheme if scheme in ("http", "https") else None
