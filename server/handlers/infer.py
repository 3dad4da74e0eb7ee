"""POST /v1/infer: one picture through the same batcher as every camera's frames.

The body is the picture itself, or a multipart form with one file in it, as
``wx.uploadFile`` sends it. Options are in the query string or in fields of the form.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from tornado.http1connection import HTTP1Connection
from tornado.web import stream_request_body

from server.access.control import AccessControl
from server.core import pictures, tracecontext, wire
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
from server.core.model import Model
from server.core.upload import UploadProgress
from server.runtime.gateway import Gateway
from server.settings import Settings
from server.transport.httpserver import bound_body
from server.transport.jsonapi import JSONHandler, send_json
from server.transport.multipart import is_form, parse_form
from server.transport.oneshot import OneShotPeer
from server.transport.uploads import UploadSlots

# The most that the form around a picture may add.
FORM_BYTES = 64 * 1024
# A longer upload is aborted, because others wait for its slot; so is one that crawls.
UPLOAD_TIMEOUT_S = 60.0

_NUMBERS: Mapping[str, Any] = {
    "version": int,
    "max_results": int,
    "min_score": float,
}
_TEXTS = ("model", "label", "client", "orientation", "then")


@stream_request_body
class InferHandler(JSONHandler):
    """Buffers a body up to its limit, then hands the picture to the gateway.

    The body of a rejected request is still read to its end, and discarded: a server that
    answers early and closes resets the connection, and many clients then never see the
    answer. Only a body that is far too large is not read.
    """

    accepts = "a picture"

    def initialize(
        self, gateway: Gateway, settings: Settings, access: AccessControl, uploads: UploadSlots
    ) -> None:
        self._gateway = gateway
        self.access = access
        self._token: str | None = None
        self._uploads = uploads
        self._holds_slot = False
        self._address: str | None = None  # for limits by address
        self._began = time.monotonic()
        self._progress = UploadProgress(self._began)
        self._progress_timer: asyncio.TimerHandle | None = None
        self._rejection: FramewireError | None = None
        self._peer: OneShotPeer | None = None
        self._picture_bytes = bytearray()
        self._max_bytes = settings.max_upload_bytes + FORM_BYTES
        limits = gateway.limits
        self._limits = Limits(
            limits.window, settings.max_upload_bytes, limits.max_pixels, limits.max_staleness_ms
        )

    def prepare(self) -> None:
        bound_body(self.request, 2 * self._max_bytes, UPLOAD_TIMEOUT_S)
        self._check_progress()
        length = self._announced_length()
        try:
            self._admit(length)
        except FramewireError as error:
            self._rejection = error
        # The client waits for permission: to send the body, or for its page to ask at all.
        waits = "Expect" in self.request.headers or self.request.method == "OPTIONS"
        if self._rejection and (waits or length > 2 * self._max_bytes):
            self.reject(self._rejection)

    def _admit(self, length: int) -> None:
        """Check the request's head and take an upload slot. Raises FramewireError."""
        self.allow_page()
        is_post = self.request.method == "POST"
        if is_post:
            self._token = self.access.require_token(self.request, time.monotonic())
            self.check_encoding()
        if length > self._max_bytes:
            raise self._too_large()
        if is_post:
            self._address = self.access.limited(self.request)
            self._uploads.acquire(self._address)
            self._holds_slot = True

    def _announced_length(self) -> int:
        length = self.request.headers.get("Content-Length", "")
        # Twenty digits are too large in any case; Python refuses to parse thousands.
        return int(length[:20]) if length.isdecimal() else 0

    def _check_progress(self) -> None:
        """Abort an upload that is slower than the least rate; otherwise check again when due."""
        now, deadline = time.monotonic(), self._progress.deadline
        if now < deadline:
            loop = asyncio.get_running_loop()
            self._progress_timer = loop.call_later(deadline - now, self._check_progress)
        else:
            self._progress_timer = None
            self._gateway.session_rejected("slow_upload")
            assert isinstance(self.request.connection, HTTP1Connection)
            self.request.connection.stream.close()

    def data_received(self, chunk: bytes) -> None:
        self._progress.received(len(chunk))
        if not self._holds_slot:
            return
        if len(self._picture_bytes) + len(chunk) > self._max_bytes:
            self._rejection = self._too_large()
            self._release()
            return
        self._picture_bytes += chunk

    async def post(self) -> None:
        self._stop_checking()  # the body is there
        try:
            if self._rejection is not None:
                raise self._rejection
            options, picture_format, data = self._picture()
            header = wire.check_picture(picture_format, data, self._limits)
            size = header.width, header.height
            trace = tracecontext.parse(self.request.headers.get("traceparent"))
            turn, cost, worst = header.orientation, header.cost, header.worst_cost
            frame = Frame(0, picture_format, data, *size, None, turn, cost, trace, worst_cost=worst)
            self._answer(*await self._infer(options, frame))
        except FramewireError as error:
            self.reject(error)

    def on_finish(self) -> None:
        self._release()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._release()
        if self._peer is not None:
            self._peer.close(1001, "the client disconnected")

    def _stop_checking(self) -> None:
        if self._progress_timer is not None:
            self._progress_timer.cancel()
            self._progress_timer = None

    def _release(self) -> None:
        self._stop_checking()
        self._picture_bytes = bytearray()
        if self._holds_slot:
            self._holds_slot = False
            self._uploads.release(self._address)

    async def _infer(self, options: Options, frame: Frame) -> tuple[Outcome, Model | None]:
        """Return the picture's outcome, and the model that it went to."""
        peer = self._peer = OneShotPeer(self._began, self.access.client(self.request).address)
        session = self._gateway.connect(peer, self._token)
        try:
            self._gateway.receive(session, Hello(options))
            await peer.welcome
            self._gateway.receive(session, frame)
            return await peer.outcome, session.model
        finally:
            self._gateway.disconnect(session)

    def _picture(self) -> tuple[Options, str, bytes]:
        """Return the options, the picture's format and its bytes. Raises FramewireError."""
        fields = {name: values[-1] for name, values in self.request.query_arguments.items()}
        content_type = self.request.headers.get("Content-Type", "")
        body = bytes(self._picture_bytes)
        if is_form(content_type):
            parts = parse_form(content_type, body)
            files = [part.content for part in parts if part.filename]
            if not files:
                raise BadMessage("the form has no file; send the picture as one, with a filename")
            if len(files) > 1:
                raise BadMessage(f"the form has {len(files)} files; send exactly one picture")
            fields.update({part.name: part.content for part in parts if not part.filename})
            [body] = files
        if not body:
            raise BadFrame("the body is empty; send a JPEG, PNG or WebP picture")
        return _options(fields), pictures.recognise(body), body

    def _answer(self, outcome: Outcome, model: Model | None) -> None:
        if isinstance(outcome, Dropped):
            self.set_status(503)
        elif isinstance(outcome, Error):
            self.set_status(_STATUS.get(outcome.code, 500))
        fields = wire.to_map(outcome, text=True)
        fields.pop("id", None)
        if model is not None and model.labels:
            _add_labels(fields, model)
        send_json(self, fields)

    def _too_large(self) -> FrameTooLarge:
        return FrameTooLarge(f"a picture may have at most {self._limits.max_frame_bytes} bytes")


def _add_labels(fields: dict[str, Any], model: Model) -> None:
    """Name each class of a result; of keypoints and masks, whatever the model has names for."""
    if "classes" in fields:
        fields["labels"] = wire.names_of(fields["classes"], model.labels)
    elif "keypoints" in fields or "masks" in fields:
        fields["labels"] = list(model.labels)


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
                kind = "an integer" if _NUMBERS[name] is int else "a number"
                raise BadMessage(f"{name!r} must be {kind}, not {text[:40]!r}") from None
    if "then" in values:
        values["then"] = _then(values["then"])
    return wire.check_options(values)


def _then(text: str) -> Any:
    """Return ``true``, ``false``, a model's name, or the map that is given as JSON."""
    if text in ("true", "false"):
        return text == "true"
    if not text.startswith("{"):
        return text
    try:
        return wire.JSON.unpack(text)
    except ValueError as error:
        raise BadMessage(f"'then' is not valid JSON: {str(error)[:120]}") from None


def _statuses(error: type[FramewireError]) -> dict[str, int]:
    statuses = {error.code: error.http_status}
    for subclass in error.__subclasses__():
        statuses.update(_statuses(subclass))
    return statuses


_STATUS = _statuses(FramewireError)
