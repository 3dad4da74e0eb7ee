"""Under which address a phone in the same network reaches this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

# Any address that is not of this network: the answer is the interface that leads out of it.
# Nothing is sent. (RFC 5737 reserves it for documentation.)
_ELSEWHERE = ("203.0.113.1", 9)
NETWORKS = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"),
    *("127.0.0.0/8", "::1/128", "fc00::/7", "fe80::/10"),
)
"""Private networks, in which nobody but their owner's devices is."""

LOCAL = ("localhost", "127.0.0.1", "::1")


class NoAddress(ValueError):
    """There is no address for a phone, or not one that this is meant for."""


def reachable() -> str:
    """Return this machine's IPv4 address in its network. Raises :class:`NoAddress`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError as error:
            raise NoAddress(
                f"this machine has no network that a phone could join ({error.strerror}); "
                "give its address with --phone ADDRESS"
            ) from None
        return private(str(probe.getsockname()[0]))


def private(address: str) -> str:
    """Return ``address`` if it is a private IP address. Raises :class:`NoAddress`.

    Elsewhere, strangers could reach the demo, which asks nobody for a token.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        raise NoAddress(f"--phone takes an IP address of this machine, not {address!r}") from None
    if not any(found in ipaddress.ip_network(network) for network in NETWORKS):
        raise NoAddress(
            f"{address} is not a private address, and the demo is open to anyone "
            "who can reach it; give another one with --phone ADDRESS, or see docs/security.md for "
            "public gateways"
        )
    return address


def names(address: str, hostname: str) -> Sequence[str]:
    """Return the names and addresses that the certificate is for: the phone's, and this machine's.

    ``hostname`` becomes a name of multicast DNS, which iPhones and most Androids resolve.
    """
    label = hostname.partition(".")[0].lower()
    return (address, *([f"{label}.local"] if label else []), *LOCAL)
