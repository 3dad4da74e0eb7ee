"""Who really asks, where a proxy stands in between.

Anybody can send ``X-Forwarded-For``. It counts only from a peer that the setting
``trusted_proxies`` names, and then only as far as such peers wrote it: each proxy
appends the address that it saw, so the list is read from its right end, and the
first address that is no trusted proxy's is the client's. What stands left of that
is the client's own word.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from server.settings import WrongSetting

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Client:
    """An address, and how its first proxy was reached: http, https, or None for unknown."""

    address: str
    scheme: str | None


class TrustedProxies:
    """The proxies whose forwarded headers are believed.

    ``text``: addresses and networks, separated by commas. Raises WrongSetting.
    """

    def __init__(self, text: str) -> None:
        self._networks = [_network(one.strip()) for one in text.split(",") if one.strip()]

    def client(self, peer: str, scheme: str, headers: Mapping[str, str]) -> Client:
        """Who asks. ``peer`` and ``scheme``: of the connection itself."""
        if not self._trusts(parse(peer)):
            # Of a proxy that nobody named it is not known how it was reached.
            return Client(peer, scheme if scheme == "https" else None)
        return Client(self._origin(peer, headers), _forwarded_scheme(headers))

    def _origin(self, peer: str, headers: Mapping[str, str]) -> str:
        found = peer
        for text in _forwarded(headers):
            address = parse(text)
            if address is None:
                break
            found = str(address)
            if not self._trusts(address):
                break
        return found

    def _trusts(self, address: Address | None) -> bool:
        if address is None:
            return False
        return any(address in network for network in self._networks)


def parse(text: str) -> Address | None:
    """An address as proxies write it: with a port or without, IPv4 also inside IPv6."""
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
    except ValueError as error:
        raise WrongSetting(f"trusted_proxies: {str(error)[:120]}") from None


def _forwarded(headers: Mapping[str, str]) -> Iterator[str]:
    """The forwarded addresses, the nearest first."""
    chain = headers.get("X-Forwarded-For") or headers.get("X-Real-Ip") or ""
    yield from reversed([one for one in chain.split(",") if one.strip()])


def _forwarded_scheme(headers: Mapping[str, str]) -> str | None:
    scheme = headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    return scheme if scheme in ("http", "https") else None
