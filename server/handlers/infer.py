"""POST /v1/infer: one picture through the same batcher as every camera's frames.

The body is the picture itself, or a multipart form with one file in it, as
``wx.uploadFile`` sends it. Options come in the query or as fields of the form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tornado.httputil import HTTPFile, parse_body_arguments
from tornado.web import HTTPError, RequestHandler, stream_request_body

from server.core import pictures, wire
from server.core.errors import (
    BadFrame,
    BadMessage,
    FrameTooLarge,
    FramewireError,
    Overloaded,
)
from server.core.messages import (
    Dropped,
    Error,
    Frame,
    Hello,
    Limits,
    Options,
    Outcome,
    Result,
    ServerMessage,
    Welcome,
)
from server.core.session import told
from server.runtime.gateway import Gateway
from server.settings import Settings

# What the form around a picture may weigh.
FORM_BYTES = 64 * 1024

_NUMBERS: Mapping[str, Any] = {
    "version": int,
    "max_results": int,
    "min_score": float,
}
_TEXTS = ("model", "label", "token", "client")


class OneFrame:
    """A session for a single frame. ``outcome`` is done when the frame has its own."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.welcome: asyncio.Future[None] = loop.create_future()
        self.outcome: asyncio.Future[Outcome] = loop.create_future()

    def send(self, message: ServerMessage) -> None:
        """Take a message as a client would."""
        if isinstance(message, Welcome):
            _complete(self.welcome, None)
        elif isinstance(message, Result | Dropped | Error) and message.id is not None:
            _complete(self.outcome, message)

    def close(self, code: int, reason: str) -> None:
        """The gateway ends the session before the frame has an outcome."""
        _complete(self.welcome, None)
        _complete(self.outcome, told(Overloaded(reason)))


def _complete(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


class UploadLimit:
    """How many uploads may be under way at once; each may hold a whole picture in memory."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._count = 0

    def enter(self) -> None:
        """Count one more. Raises Overloaded."""
        if self._count >= self._bound:
            raise Overloaded(f"{self._count} uploads are under way, and no more are taken")
        self._count += 1

    def leave(self) -> None:
        """Count one less."""
        self._count -= 1


@stream_request_body
class InferHandler(RequestHandler):
    """Collects the body within its bound, then asks the gateway."""

    def initialize(self, gateway: Gateway, settings: Settings, uploads: UploadLimit) -> None:
        self._gateway = gateway
        self._uploads = uploads
        self._entered = False
        self._body = bytearray()
        self._max_bytes = settings.max_upload_bytes + FORM_BYTES
        limits = gateway.limits
        self._limits = Limits(
            limits.window, settings.max_upload_bytes, limits.max_pixels, limits.max_staleness_ms
        )

    def prepare(self) -> None:
        length = self.request.headers.get("Content-Length", "")
        try:
            if self.request.method == "POST":
                self._uploads.enter()
                self._entered = True
            if length.isdigit() and int(length) > self._max_bytes:
                raise self._too_large()
        except FramewireError as error:
            self._refuse(error)

    def data_received(self, chunk: bytes) -> None:
        if self._finished:
            return
        if len(self._body) + len(chunk) > self._max_bytes:
            self._refuse(self._too_large())
            return
        self._body += chunk

    async def post(self) -> None:
        try:
            options, picture_format, data = self._picture()
            size = wire.check_picture(picture_format, data, self._limits)
            frame = Frame(0, picture_format, data, *size)
            self._answer(await self._infer(options, frame))
        except FramewireError as error:
            self._refuse(error)

    def on_finish(self) -> None:
        self._body = bytearray()
        if self._entered:
            self._uploads.leave()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.on_finish()
        self._entered = False

    async def _infer(self, options: Options, frame: Frame) -> Outcome:
        client = OneFrame()
        session = self._gateway.connect(client)
        try:
            self._gateway.receive(session, Hello(options))
            await client.welcome
            self._gateway.receive(session, frame)
            return await client.outcome
        finally:
            self._gateway.disconnect(session)

    def _picture(self) -> tuple[Options, str, bytes]:
        fields = {name: values[-1] for name, values in self.request.query_arguments.items()}
        content_type = self.request.headers.get("Content-Type", "")
        body = bytes(self._body)
        if content_type.startswith("multipart/form-data"):
            form: dict[str, list[bytes]] = {}
            files: dict[str, list[HTTPFile]] = {}
            try:
                parse_body_arguments(content_type, body, form, files)
            except HTTPError as error:
                raise BadMessage(f"broken multipart body: {error.log_message}") from None
            found = [one for group in files.values() for one in group]
            if len(found) != 1:
                raise BadMessage(f"the form holds {len(found)} files; one picture is required")
            fields.update({name: values[-1] for name, values in form.items()})
            body = found[0].body
        if not body:
            raise BadFrame("the body is empty; a jpeg, png or webp picture is required")
        return _options(fields), pictures.recognise(body), body

    def _answer(self, outcome: Outcome) -> None:
        if isinstance(outcome, Dropped):
            self.set_status(503)
            self.set_header("Retry-After", "1")
        elif isinstance(outcome, Error):
            self.set_status(_STATUS.get(outcome.code, 500))
        fields = wire.to_map(outcome, text=True)
        fields.pop("id", None)
        self.finish(fields)

    def _refuse(self, error: FramewireError) -> None:
        self.set_status(error.http_status)
        if error.retryable:
            self.set_header("Retry-After", "1")
        self.finish(wire.to_map(told(error), text=True))

    def _too_large(self) -> FrameTooLarge:
        return FrameTooLarge(f"at most {self._limits.max_frame_bytes} bytes are taken")


def _options(fields: Mapping[str, bytes]) -> Options:
    values: dict[str, Any] = {}
    for name, raw in fields.items():
        text = raw.decode("utf-8", "replace")
        if name in _TEXTS:
            values[name] = text
        elif name in _NUMBERS:
            try:
                values[name] = _NUMBERS[name](text)
            except ValueError:
                raise BadMessage(f"{name}: a number is required, not {text[:40]!r}") from None
    return wire.check_options(values)


def _statuses(error: type[FramewireError]) -> dict[str, int]:
    found = {error.code: error.http_status}
    for kind in error.__subclasses__():
        found.update(_statuses(kind))
    return found


_STATUS = _statuses(FramewireError)
