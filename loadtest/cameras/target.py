"""The gateway under test: where it is, and how sessions connect."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from framewire.client.address import basic
from framewire.client.waiting import within
from loadtest import websocket
from loadtest.camera import Frame, address
from loadtest.cameras.session import GatewaySession, Message, Session
from loadtest.cameras.source import Picture
from loadtest.connection import Connection, hello

CONNECT_TIMEOUT_S = 10.0
_SCHEMES = {"ws": False, "http": False, "wss": True, "https": True}
_URL_CHARACTERS = "/?:@!$&'()*+,;=-._~%"
_C = TypeVar("_C", bound=Connection)


class Unusable(Exception):
    """No load can be put on this gateway; the message says why, and what to do."""


@dataclass(frozen=True)
class Target:
    """A gateway. ``ip`` is its address once it was looked up.

    ``basic`` is the ``Authorization`` header for a proxy before it that asks for a password.
    ``ca`` is a file with the certificates to trust, in PEM; None: the system's.
    """

    host: str
    port: int
    path: str
    tls: bool
    ip: str = ""
    basic: str | None = None
    token: str | None = None
    ca: str | None = None
    model: str | None = None
    label: str | None = None
    then: str | None = None

    @property
    def authority(self) -> str:
        """Host and port, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address of its WebSocket."""
        return f"{'wss' if self.tls else 'ws'}://{self.authority}{self.path}"

    @property
    def here(self) -> bool:
        """Whether it runs on this machine."""
        return bool(self.ip) and ipaddress.ip_address(self.ip).is_loopback

    def greeting(self, options: Mapping[str, Any] | None = None) -> bytes:
        """Return what a session sends first; ``options``: for ``hello``, by default its own.

        The token travels in the handshake, where a gateway refuses one that is invalid before it
        opens a WebSocket, unless that has the password for a proxy.
        """
        options = self.options() if options is None else options
        if self.basic is not None:
            token = {} if self.token is None else {"token": self.token}
            return self._handshake(self.basic) + hello(**options, **token)
        bearer = None if self.token is None else f"Bearer {self.token}"
        return self._handshake(bearer) + hello(**options)

    def options(self) -> dict[str, str]:
        """Return what sessions ask for in ``hello``."""
        options = {"model": self.model, "label": self.label, "then": self.then}
        return {name: value for name, value in options.items() if value is not None}

    def _handshake(self, authorization: str | None) -> bytes:
        return websocket.handshake("msgpack", self.authority, self.path, authorization)

    def message(self, picture: Picture) -> Message:
        """Return a frame with this picture."""
        return Frame(picture.data, picture.format)

    async def session(
        self,
        on_message: Callable[[dict[str, Any]], None],
        on_lost: Callable[[], None],
        number: int,
    ) -> Session:
        """Open the connection of camera ``number``, which is not welcome yet. Raises OSError."""
        greeting = self.greeting()
        return await self.connect(lambda: GatewaySession(greeting, on_message, on_lost), number)

    async def connect(self, make: Callable[[], _C], number: int) -> _C:
        """Open the connection of camera ``number``. Raises OSError.

        On this machine, each camera has an address of its own.
        """
        local = address(number) if self.here and ":" not in self.ip else None
        connecting = asyncio.get_running_loop().create_connection(
            make,
            self.ip or self.host,
            self.port,
            ssl=_context(self.ca) if self.tls else None,
            server_hostname=self.host if self.tls else None,
            local_addr=local,
        )
        try:
            _, connection = await within(connecting, CONNECT_TIMEOUT_S)
        except asyncio.TimeoutError:
            hint = "; a gateway without TLS has a URL with ws://" if self.tls else ""
            raise TimeoutError(f"no connection within {CONNECT_TIMEOUT_S:g} s{hint}") from None
        return connection


@functools.cache
def _context(ca: str | None) -> ssl.SSLContext:
    """Return the context of all sessions: reading the certificates takes long.

    Raises :class:`Unusable` for a file without certificates.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise Unusable(f"{ca} has no certificates in PEM") from None
    except OSError as error:
        raise Unusable(f"cannot read the certificates in {ca}: {error.strerror}") from None


def parse(url: str) -> Target:
    """Return the target of a URL. ``http`` and ``https`` stand for ``ws`` and ``wss``.

    Raises :class:`Unusable`.
    """
    if "://" not in url:
        url = f"ws://{url}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unusable(f"{url} is not a URL: {error}") from None
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        raise Unusable(f"{url} is not the URL of a gateway, such as ws://127.0.0.1:8888/ws")
    tls = _SCHEMES[parts.scheme]
    path = parts.path if parts.path.strip("/") else "/ws"
    path = quote(f"{path}?{parts.query}" if parts.query else path, safe=_URL_CHARACTERS)
    return Target(parts.hostname, port or (443 if tls else 80), path, tls, basic=basic(parts))


async def look_up(target: Target) -> Target:
    """Return the target with its address. Raises :class:`Unusable`."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: an impossible name
        reason = getattr(error, "strerror", None) or "no name can look like this"
        raise Unusable(f"there is no host {target.host}: {reason}") from None
    # `localhost` is ::1 as well, where gateways rarely listen.
    addresses = sorted((entry[4][0] for entry in found), key=lambda ip: ":" in str(ip))
    return replace(target, ip=str(addresses[0]))
