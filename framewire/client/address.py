"""Where a gateway is, and who a proxy before it takes the client for. Pure."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Address:
    """A gateway's WebSocket. ``tls`` is the context for ``wss``; None: the system's CAs.

    ``url`` has no password, so that it may be shown. ``authorization`` is the header for the one
    that it had; None: it had none.
    """

    url: str
    tls: ssl.SSLContext | None = None
    authorization: str | None = None

    @classmethod
    def of(cls, url: str, tls: ssl.SSLContext | None = None) -> Address:
        """Return the address of a URL. Raises ValueError if no connection can have it."""
        if not url.startswith(("ws://", "wss://")):
            raise ValueError(f"the URL must start with ws:// or wss://, not {url!r}")
        try:
            parts = urlsplit(url)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise ValueError(f"{url!r} is not a URL: {error}") from None
        if not usable:
            raise ValueError(f"{url!r} is not the URL of a gateway, such as ws://127.0.0.1:8888/ws")
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        return cls(shown.geturl(), tls, basic(parts))


def basic(parts: SplitResult) -> str | None:
    """Return the header for the user and the password of a URL; None if it names no user."""
    if parts.username is None:
        return None
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"
