"""An HTTP server that bounds the connections and requests of each address."""

from __future__ import annotations

import logging
import math
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tornado.http1connection import HTTP1Connection, HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.iostream import IOStream
from tornado.web import Application, RequestHandler

from server.access.addresses import TrustedProxies
from server.access.control import AccessControl
from server.core.bucket import BucketTable
from server.core.errors import Overloaded
from server.core.quota import Quota
from server.transport.jsonapi import send_error
from server.transport.plaintext import refuse_tls

if TYPE_CHECKING:  # loaded only if a setting asks for it
    from server.access.tls import TLS

log = logging.getLogger(__name__)

# How long a connection may be silent: before its first request, during the TLS handshake,
# or between two requests. Proxies keep theirs for 60 s.
IDLE_S = 75.0
# Of a request's head: room for a token, and as much again. Tornado's 64 KiB can take
# milliseconds to parse.
HEAD_BYTES = 16 * 1024
# The requests that an address may make at once, in seconds' worth: pages come in bursts.
BURST_S = 10.0
# Handshakes have a limit of their own.
UNLIMITED = {"/ws"}
# Requests that count as several, because they take the time of as many.
COSTS = {"/metrics": 20.0}

OnFull = Callable[[str], None]


class BoundedServer(HTTPServer):
    """Closes a connection at once if its address has too many others, as ``addresses`` counts them.

    A connection counts until it ends or becomes a session's: sessions have a limit of their own.
    Those of this machine and of ``proxies`` do not count.
    ``on_full``: called with the name of the limit for each connection that was closed.
    """

    def initialize(  # type: ignore[override]
        self,
        application: Application,
        proxies: TrustedProxies,
        addresses: Quota,
        on_full: OnFull,
        **options: Any,
    ) -> None:
        super().initialize(
            application,
            max_header_size=HEAD_BYTES,
            idle_connection_timeout=IDLE_S,
            # Tornado would trust these headers from any peer; server.access.addresses does not.
            xheaders=False,
            **options,
        )
        self._proxies = proxies
        self._on_full = on_full
        self._addresses = addresses

    def use(self, tls: TLS) -> None:
        """Serve new connections with the certificate of ``tls``, now and after it has changed."""

        def replace(context: ssl.SSLContext) -> None:
            self.ssl_options = context  # Tornado reads it for each connection

        replace(tls.context)
        tls.on_reload = replace

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection, or close it."""
        key = self._proxies.limited_peer(address[0])
        if key is not None and not self._addresses.acquire(key):
            self._on_full("max_connections_per_address")
            stream.close()
            return
        if self.ssl_options is None:
            refuse_tls(stream, lambda: _log_tls(address[0]))
        super().handle_stream(stream, address)

    def on_close(self, server_conn: object) -> None:
        """Count the connection no longer."""
        super().on_close(server_conn)
        assert isinstance(server_conn, HTTP1ServerConnection)
        context: Any = server_conn.context
        key = self._proxies.limited_peer(context.address[0])
        if key is not None:
            self._addresses.release(key)


def bound_body(request: HTTPServerRequest, max_bytes: int, timeout_s: float) -> None:
    """Bound the body of a request whose handler reads it as it arrives."""
    assert isinstance(request.connection, HTTP1Connection)
    request.connection.set_max_body_size(max_bytes)
    request.connection.set_body_timeout(timeout_s)


def _log_tls(address: str) -> None:
    log.info(
        "%(address)s speaks TLS, and this gateway does not: use http:// and ws://, or set "
        "tls_certificate and tls_key",
        {"address": address},
    )


class TooManyHandler(RequestHandler):
    """Any request of an address that has made too many."""

    def initialize(self, wait_s: float) -> None:
        self._wait_s = wait_s

    def prepare(self) -> None:
        error = Overloaded("too many requests from this address; try again later")
        error.retry_after_s = math.ceil(self._wait_s)
        self.set_header("Connection", "close")
        send_error(self, error)


class BoundedApplication(Application):
    """Answers requests of an address that makes too many of them with 503.

    ``requests`` counts them, those of the paths in ``costs`` as several; None: any number.
    ``on_full``: called with the name of the limit for each one too many.
    """

    def __init__(
        self,
        handlers: list[Any],
        access: AccessControl,
        requests: BucketTable | None,
        on_full: OnFull,
        costs: Mapping[str, float],
        **settings: Any,
    ) -> None:
        super().__init__(handlers, **settings)
        self._costs = costs
        self._access = access
        self._on_full = on_full
        self._requests = requests

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return what handles a request."""
        if not request.path.startswith("/"):
            _use_origin_form(request)
        if "Expect" in request.headers:  # Tornado knows its value in lower case alone
            request.headers["Expect"] = request.headers["Expect"].lower()
        requests = self._requests
        key = None if requests is None else self._access.limited(request)
        if requests is None or key is None or request.path in UNLIMITED:
            return super().find_handler(request, **kwargs)
        now, cost = time.monotonic(), self._costs.get(request.path, 1.0)
        if requests.allows(key, now, cost):
            return super().find_handler(request, **kwargs)
        self._on_full("max_requests_per_s")
        wait_s = requests.wait_s(key, now, cost)
        return self.get_handler_delegate(request, TooManyHandler, {"wait_s": wait_s})


def _use_origin_form(request: HTTPServerRequest) -> None:
    """Read a target with scheme and host, as some proxies send it (RFC 9112, 3.2.2).

    Its host replaces the header's. Any other target stays as it is, and is not found.
    """
    try:
        target = urlsplit(request.uri or "")
    except ValueError:
        return
    host = target.netloc.rpartition("@")[2]
    if target.scheme in ("http", "https") and host:
        request.host = request.headers["Host"] = host
        request.path = target.path or "/"
        request.uri = f"{request.path}?{target.query}" if target.query else request.path
