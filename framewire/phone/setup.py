"""What ``framewire demo`` adds for a phone: flags of the gateway, and a process with the guide."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from framewire.phone import addresses, certificates
from framewire.phone.addresses import LOCAL


@dataclass(frozen=True)
class Phone:
    """``gateway``: flags that come before the user's own. ``guide``: arguments of the guide."""

    address: str
    gateway: list[str]
    guide: list[str]


def prepare(folder: Path, asked: str, port: int, guide_port: int) -> Phone:
    """Make the certificates, in ``folder``. ``asked``: an address of this machine, or nothing.

    Raises :class:`~framewire.phone.addresses.NoAddress` and ``OSError``.
    """
    address = addresses.private(asked) if asked else addresses.reachable()
    hostname = socket.gethostname()
    names = addresses.names(address, hostname)
    files = certificates.prepare(folder, names, hostname)
    return Phone(
        address,
        [
            f"--host={address}",
            f"--tls-certificate={files.chain}",
            f"--tls-key={files.key}",
            f"--allowed-hosts={', '.join(name for name in names if name not in LOCAL)}",
        ],
        [
            f"--address={address}",
            f"--port={guide_port}",
            f"--gateway-port={port}",
            f"--authority={files.authority}",
        ],
    )
