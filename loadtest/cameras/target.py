"""The gateway under test: where it is, how sessions are opened, and why they cannot be."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from framewire.client.waiting import within
from loadtest import websocket
from loadtest.camera import address
from loadtest.connection import Connection, Rejected, hello

CONNECT_TIMEOUT_S = 10.0
MODEL_TIMEOUT_S = 5.0
_SCHEMES = {"ws": False, "http": False, "wss": True, "https": True}
_C = TypeVar("_C", bound=Connection)


class Unusable(Exception):
    """No load can be put on this gateway; the message says why, and what to do."""


@dataclass(frozen=True)
class Target:
    """A gateway. ``ip`` is its address once it was looked up.

    ``ca`` is a file with the certificates to trust, in PEM; None: the system's.
    """

    host: str
    port: int
    path: str
    tls: bool
    ip: str = ""
    token: str | None = None
    ca: str | None = None
    model: str | None = None
    label: str | None = None

    @property
    def url(self) -> str:
        """The address of its WebSocket."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.tls else 'ws'}://{host}:{self.port}{self.path}"

    @property
    def here(self) -> bool:
        """Whether it runs on this machine."""
        return bool(self.ip) and ipaddress.ip_address(self.ip).is_loopback

    def greeting(self) -> bytes:
        """Return what a session sends first."""
        host = f"{self.host}:{self.port}"
        options = {"model": self.model, "label": self.label}
        wanted = {name: value for name, value in options.items() if value is not None}
        return websocket.handshake("msgpack", host, self.path, self.token) + hello(**wanted)

    async def connect(self, make: Callable[[], _C], number: int) -> _C:
        """Open the connection of camera ``number``. Raises OSError.

        On this machine, each camera has an address of its own.
        """
        local = address(number) if self.here and ":" not in self.ip else None
        connecting = asyncio.get_running_loop().create_connection(
            make,
            self.ip or self.host,
            self.port,
            ssl=self._context() if self.tls else None,
            server_hostname=self.host if self.tls else None,
            local_addr=local,
        )
        try:
            _, connection = await within(connecting, CONNECT_TIMEOUT_S)
        except asyncio.TimeoutError:
            hint = "; a gateway without TLS has a URL with ws://" if self.tls else ""
            raise TimeoutError(f"no connection within {CONNECT_TIMEOUT_S:g} s{hint}") from None
        return connection

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)


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
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise Unusable(f"{url} is not the URL of a gateway, such as ws://127.0.0.1:8888/ws")
    tls = _SCHEMES[parts.scheme]
    path = parts.path if parts.path.strip("/") else "/ws"
    return Target(parts.hostname, port or (443 if tls else 80), path, tls)


async def look_up(target: Target) -> Target:
    """Return the target with its address. Raises :class:`Unusable`."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unusable(f"there is no host {target.host}: {error.strerror}") from None
    # `localhost` is ::1 as well, where gateways rarely listen.
    addresses = sorted((entry[4][0] for entry in found), key=lambda ip: ":" in str(ip))
    return replace(target, ip=str(addresses[0]))


class _Visitor(Connection):
    """A session that waits until frames can be answered."""

    def __init__(self, greeting: bytes) -> None:
        super().__init__(greeting)
        self.model: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.reason = "no model server answers; GET /readyz says why"

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            self.reason = f"{message['message']} ({message['code']})"
        elif message.get("model") and not self.model.done():
            self.model.set_result(message["model"])


async def probe(target: Target) -> dict[str, Any]:
    """Open a session, and return its model. Raises :class:`Unusable` if there is none."""
    visitor: _Visitor | None = None
    try:
        visitor = await target.connect(lambda: _Visitor(target.greeting()), 0)
        await visitor.opened()
        await asyncio.wait({visitor.model}, timeout=MODEL_TIMEOUT_S)
    except OSError as error:
        raise Unusable(f"{target.url}: {explain(error, target)}") from None
    finally:
        if visitor is not None:
            visitor.leave()
    if not visitor.model.done():
        raise Unusable(f"{target.url}: the gateway has no model for these frames: {visitor.reason}")
    return visitor.model.result()


def explain(error: OSError, target: Target) -> str:
    """Return what went wrong, for somebody who sees it for the first time."""
    if isinstance(error, Rejected):
        return _rejection(error, target)
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there; start a gateway, for instance with `framewire demo`"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); name its CA with --ca"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason}); a gateway without TLS has a URL with ws://"
    if isinstance(error, FileNotFoundError):
        return f"there is no file {target.ca} with certificates"
    return error.strerror or str(error)


def _rejection(error: Rejected, target: Target) -> str:
    message = _message(error.text)
    if error.status == 401 or "(unauthorized)" in message:
        hint = "issue one with `framewire token`" if target.token else "pass one with --token"
        return f"the gateway requires a valid token: {message}; {hint}"
    if error.status in (403, 503):
        return f"the gateway refused the connection: {message}"
    if error.status == 101:
        return message
    if not error.status:
        return f"{message}; a gateway with TLS has a URL with wss://"
    return (
        f"this is not the WebSocket of a Framewire gateway: it answered {error.status}; "
        "that of a gateway is at /ws"
    )


def _message(text: str) -> str:
    """Return the message of an error as the gateway sends it, or the text of any other."""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        return text.strip()[:200] or "no reason given"
