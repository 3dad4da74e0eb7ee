"""HTTP server in front of ``RestApi``, on a thread and an event loop of its own.

The loop only moves bytes. Requests are answered on worker threads, because parsing JSON takes time
and TensorFlow blocks.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, RequestHandler, stream_request_body

from modelserver.deadline import Deadline
from modelserver.metrics import Metrics
from modelserver.options.components import RestOptions
from modelserver.rest.endpoints import MAX_BODY_BYTES, Response, RestApi, failure
from modelserver.rest.listening import open_sockets
from modelserver.status import CannotListen, Code, ServingError

log = logging.getLogger(__name__)
_API = re.compile(r"/v1/.*", re.IGNORECASE)
_SCHEME_AND_HOST = re.compile(r"\Ahttps?://[^/]*", re.IGNORECASE)
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}


class RestServer:
    """Serves a ``RestApi`` over HTTP on ``port``.

    Raise ``CannotListen`` if the port is in use.
    """

    def __init__(self, api: RestApi, metrics: Metrics, options: RestOptions) -> None:
        try:
            self._sockets = open_sockets(options.host, options.port)
        except OSError as error:
            problem = f"REST cannot listen on port {options.port}: {error.strerror}"
            raise CannotListen(problem, "--rest_api_port") from None
        self.port: int = self._sockets[0].getsockname()[1]
        self._in_progress = _InProgress()
        self._workers = ThreadPoolExecutor(options.threads, thread_name_prefix="rest")
        parts = {
            "api": api,
            "workers": self._workers,
            "cors": options.cors,
            "in_progress": self._in_progress,
        }
        handlers: list[Any] = [(r".*", _Handler, parts)]
        if options.metrics_path:
            page = (re.escape(options.metrics_path), _MetricsHandler, {"metrics": metrics})
            handlers.insert(0, page)
        self._application = _Application(handlers, log_function=lambda _: None)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="rest", daemon=True)

    def start(self) -> None:
        """Start answering requests."""
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Accept no more requests, and wait up to ``grace_s`` seconds for those in progress."""
        asyncio.run_coroutine_threadsafe(self._close(grace_s), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = HTTPServer(
            self._application, max_body_size=MAX_BODY_BYTES, max_buffer_size=MAX_BODY_BYTES
        )
        self._server.add_sockets(self._sockets)
        self._loop.run_forever()

    async def _close(self, grace_s: float) -> None:
        self._server.stop()
        await self._in_progress.wait_for_none(grace_s)
        await self._server.close_all_connections()


class _Application(Application):
    """Takes targets with scheme and host as well, as some proxies send them (RFC 9112, 3.2.2)."""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return what handles a request."""
        request.path = _SCHEME_AND_HOST.sub("", request.path) or "/"
        return super().find_handler(request, **kwargs)


class _InProgress:
    """A counter of requests in progress. Use it on the event loop's thread only."""

    def __init__(self) -> None:
        self._count = 0
        self._none: asyncio.Future[None] | None = None

    def __enter__(self) -> None:
        self._count += 1

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count and self._none is not None and not self._none.done():
            self._none.set_result(None)

    async def wait_for_none(self, timeout_s: float) -> None:
        if self._count:
            self._none = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._none], timeout=timeout_s)


@stream_request_body
class _Handler(RequestHandler):
    """Handles every method of every path.

    The body is collected here. Otherwise Tornado would parse it as a form if the client (such as
    curl) labels it as one, and reject it.
    """

    def initialize(
        self, api: RestApi, workers: ThreadPoolExecutor, cors: bool, in_progress: _InProgress
    ) -> None:
        self._api = api
        self._workers = workers
        self._cors = cors
        self._in_progress = in_progress
        self._deadline = Deadline()
        self._body: list[bytes] = []

    def data_received(self, chunk: bytes) -> None:
        self._body.append(chunk)

    def on_connection_close(self) -> None:
        self._deadline.abandon()

    def set_default_headers(self) -> None:
        self.clear_header("Server")

    def compute_etag(self) -> None:
        """Disable entity tags: a repeated status request gets a full response."""

    async def _any(self) -> None:
        with self._in_progress:
            answer = await asyncio.get_running_loop().run_in_executor(self._workers, self._answer)
            self._send(answer)

    get = post = put = patch = delete = head = _any

    async def options(self) -> None:
        """Response the CORS preflight of a browser."""
        if not _API.fullmatch(self.request.path):
            self._send(_not_found(self.request.path))
            return
        known = re.match(r"https?://", self.request.headers.get("Origin", ""))
        self._send(Response(200 if known else 400, ""))

    def _answer(self) -> Response:
        request = self.request
        if not _API.fullmatch(request.path):
            return _not_found(request.path)
        try:
            encoding = request.headers.get("Content-Encoding", "")
            path = f"{request.path}?{request.query}" if request.query else request.path
            body = b"".join(self._body)
            return self._api.answer(request.method or "", path, body, encoding, self._deadline)
        except Exception as error:
            log.exception("unexpected error during a request")
            return failure(ServingError(Code.INTERNAL, f"{type(error).__name__}: {error}"))

    def _send(self, answer: Response) -> None:
        self.set_status(answer.status, _REASONS.get(answer.status))
        self.set_header("Content-Type", "application/json")
        if self._cors:
            for name, value in _CORS.items():
                self.set_header(name, value)
        self.finish(answer.text)


class _MetricsHandler(RequestHandler):
    """The Prometheus page."""

    def initialize(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.finish(self._metrics.page())


_REASONS = {499: "Client Closed Request"}


def _not_found(path: str) -> Response:
    return failure(ServingError(Code.NOT_FOUND, f"Not found: {path}"))
