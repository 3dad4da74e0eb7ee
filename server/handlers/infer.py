"""POST /v1/infer: one picture through the same batcher as every camera's frames.

The body is the picture itself, or a multipart form with one file in it, as
``wx.uploadFile`` sends it. Options come in the query or as fields of the form.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPFile, HTTPInputError, parse_body_arguments
from tornado.web import stream_request_body

from server.access.door import Door
from server.core import pictures, wire
from server.core.errors import (
    BadFrame,
    BadMessage,
    FrameTooLarge,
    FramewireError,
)
from server.core.messages import (
    Dropped,
    Error,
    Frame,
    Hello,
    Limits,
    Options,
    Outcome,
)
from server.handlers.guarded import GuardedHandler, tell
from server.handlers.one_frame import OneFrame
from server.handlers.uploads import UploadLimit
from server.runtime.gateway import Gateway
from server.settings import Settings

# What the form around a picture may weigh.
FORM_BYTES = 64 * 1024
# A slower upload is cut off, because it holds a place that others wait for.
UPLOAD_TIMEOUT_S = 60.0

_NUMBERS: Mapping[str, Any] = {
    "version": int,
    "max_results": int,
    "min_score": float,
}
_TEXTS = ("model", "label", "client", "orientation")


@stream_request_body
class InferHandler(GuardedHandler):
    """Collects the body within its bound, then asks the gateway.

    A body that is refused is read to its end all the same, and thrown away: a
    server that answers early and hangs up resets the connection, and then many
    clients never see the answer. Only what is far too large is not waited for.
    """

    takes = "pictures are"

    def initialize(
        self, gateway: Gateway, settings: Settings, door: Door, uploads: UploadLimit
    ) -> None:
        self._gateway = gateway
        self.door = door
        self._token: str | None = None
        self._uploads = uploads
        self._entered = False
        self._refused: FramewireError | None = None
        self._client: OneFrame | None = None
        self._body = bytearray()
        self._max_bytes = settings.max_upload_bytes + FORM_BYTES
        limits = gateway.limits
        self._limits = Limits(
            limits.window, settings.max_upload_bytes, limits.max_pixels, limits.max_staleness_ms
        )

    def prepare(self) -> None:
        assert isinstance(self.request.connection, HTTP1Connection)
        self.request.connection.set_body_timeout(UPLOAD_TIMEOUT_S)
        self.request.connection.set_max_body_size(2 * self._max_bytes)
        length = self._stated_length()
        try:
            self._admit(length)
        except FramewireError as error:
            self._refused = error
        # For leave to send a body, and for leave to ask.
        waits = "Expect" in self.request.headers or self.request.method == "OPTIONS"
        if self._refused and (waits or length > 2 * self._max_bytes):
            self.refuse(self._refused)

    def _admit(self, length: int) -> None:
        """Give the request a place. Raises why it gets none."""
        self.admit_page()
        posts = self.request.method == "POST"
        if posts:
            self._token = self.door.require_token(self.request, time.monotonic())
        if length > self._max_bytes:
            raise self._too_large()
        if posts:
            self._uploads.enter()
            self._entered = True

    def _stated_length(self) -> int:
        stated = self.request.headers.get("Content-Length", "")
        # Twenty digits are too large already; Python refuses to read some thousands.
        return int(stated[:20]) if stated.isdecimal() else 0

    def data_received(self, chunk: bytes) -> None:
        if not self._entered:
            return
        if len(self._body) + len(chunk) > self._max_bytes:
            self._refused = self._too_large()
            self._leave()
            return
        self._body += chunk

    async def post(self) -> None:
        try:
            if self._refused is not None:
                raise self._refused
            options, picture_format, data = self._picture()
            header = wire.check_picture(picture_format, data, self._limits)
            size = header.width, header.height
            frame = Frame(0, picture_format, data, *size, None, header.orientation, header.cost)
            self._answer(await self._infer(options, frame))
        except FramewireError as error:
            self.refuse(error)

    def on_finish(self) -> None:
        self._leave()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._leave()
        if self._client is not None:
            self._client.close(1001, "the client has gone")

    def _leave(self) -> None:
        self._body = bytearray()
        if self._entered:
            self._entered = False
            self._uploads.leave()

    async def _infer(self, options: Options, frame: Frame) -> Outcome:
        client = self._client = OneFrame()
        session = self._gateway.connect(client, self._token)
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
            except HTTPInputError as error:
                raise BadMessage(f"broken multipart body: {error}") from None
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
        elif isinstance(outcome, Error):
            self.set_status(_STATUS.get(outcome.code, 500))
        fields = wire.to_map(outcome, text=True)
        fields.pop("id", None)
        tell(self, fields)

    def _too_large(self) -> FrameTooLarge:
        return FrameTooLarge(f"at most {self._limits.max_frame_bytes} bytes are taken")


def _options(fields: Mapping[str, bytes]) -> Options:
    # Phones store photos as the sensor sees them; people upload what their viewer shows.
    values: dict[str, Any] = {"orientation": "apply"}
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
