"""Whether a gateway can be put under load, and if not, why, explained to a newcomer."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from typing import Any

from loadtest.cameras.target import Target, Unusable
from loadtest.connection import Connection, Rejected

MODEL_TIMEOUT_S = 5.0
# X.509 verification: expired, not valid yet, and for another host or address.
_OUT_OF_DATE, _OTHER_HOST = (9, 10), (62, 64)
_OF_A_PROXY = (401, 403, 407, 429)
_EXPECTS_TLS = re.compile("HTTPS|SSL")
"""In the answer of a server with TLS to a request without."""


class _Visitor(Connection):
    """A session that waits until frames can be answered."""

    def __init__(self, greeting: bytes) -> None:
        super().__init__(greeting)
        self.model: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.reason = "no model server answers; GET /readyz says why"

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if not self.model.done():
            self.model.set_exception(Rejected(101, self.ended))
            self.model.exception()  # nobody waits for it if there was no session

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            self.reason = f"{message['message']} ({message['code']})"
        elif message.get("model") and not self.model.done():
            _ = message["model"]["name"], message["model"]["version"]  # which reports name
            self.model.set_result(message["model"])


async def probe(target: Target) -> dict[str, Any]:
    """Open a session, and return its model. Raises :class:`Unusable` if there is none."""
    visitor: _Visitor | None = None
    try:
        visitor = await target.connect(lambda: _Visitor(target.greeting()), 0)
        await visitor.opened()
        await asyncio.wait({visitor.model}, timeout=MODEL_TIMEOUT_S)
        if visitor.model.done():
            return visitor.model.result()
    except OSError as error:
        raise Unusable(f"{target.url}: {explain(error, target)}") from None
    finally:
        if visitor is not None:
            visitor.leave()
    raise Unusable(f"{target.url}: the gateway has no model for these frames: {visitor.reason}")


def explain(error: OSError, target: Target, seen: bool = False) -> str:
    """Return what went wrong, and what to do about it. ``seen``: the gateway did answer before."""
    if isinstance(error, Rejected):
        return _rejection(error, target)
    if isinstance(error, ConnectionRefusedError):
        hint = "" if seen else "; start a gateway, for instance with `framewire demo`"
        return f"nothing listens there{hint}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message.rstrip('.')}); {_hint(error)}"
        )
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason}); a gateway without TLS has a URL with ws://"
    text = error.strerror or str(error)
    if isinstance(error, ConnectionError) and not target.tls:
        return f"{text}; a gateway with TLS has a URL with wss://"
    return text


def _hint(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _OTHER_HOST:
        return "use a host that the certificate names"
    if error.verify_code in _OUT_OF_DATE:
        return "renew it, or set this machine's clock"
    return "name its CA with --ca"


def _rejection(error: Rejected, target: Target) -> str:
    message, is_gateway = _message(error.text)
    if (error.status == 401 and is_gateway) or "(unauthorized)" in message:
        hint = "issue one with `framewire token`" if target.token else "pass one with --token"
        return f"the gateway requires a valid token: {message}; {hint}"
    if error.status == 101:
        return message
    if is_gateway and error.status not in (404, 405):
        return f"the gateway refused the connection: {message}"
    if not error.status or (error.status == 400 and _EXPECTS_TLS.search(error.text)):
        return f"{message}; a gateway with TLS has a URL with wss://"
    if error.location:
        return f"it redirects to {error.location[:200]}; use the address of the gateway itself"
    if error.status in _OF_A_PROXY:
        return (
            f"a server answered {error.status} in its place: {message}; "
            f"use the address of the gateway itself{_password(error, target)}"
        )
    if error.status >= 500:
        return (
            f"a server answered {error.status} in its place: {message}; is the gateway running, "
            "and does the proxy before it have its address?"
        )
    hint = "" if target.path == "/ws" else "; that of a gateway is at /ws"
    return f"this is not the WebSocket of a Framewire gateway: it answered {error.status}{hint}"


def _password(error: Rejected, target: Target) -> str:
    """Return what to do about a server that may ask for a password."""
    if error.status != 401:
        return ""
    if target.basic is not None:
        return ", or another user and password in the URL"
    scheme, rest = target.url.split("://")
    return f", or put a user and password into the URL: {scheme}://USER:PASSWORD@{rest}"


def _message(text: str) -> tuple[str, bool]:
    """Return the message of an error, and whether it has the form that the gateway gives it."""
    try:
        return str(json.loads(text)["message"]), True
    except (ValueError, TypeError, KeyError, RecursionError):
        words = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
        return " ".join(words.split())[:200] or "no reason given", False
