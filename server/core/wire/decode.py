"""Bytes to messages.

Everything that can be wrong with a message on its own is checked here: its encoding,
its fields, a frame's format, length, bytes and pixels. What depends on the session
(whether hello came first, whether the id increases) is checked in ``core.session``.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any, Literal, cast

from server.core import pictures, tracecontext
from server.core.amounts import amount
from server.core.errors import (
    BadFrame,
    BadMessage,
    FrameTooLarge,
    FramewireError,
    UnknownType,
    UnsupportedFormat,
)
from server.core.messages import (
    ENCODED_FORMATS,
    FORMATS,
    RAW_CHANNELS,
    ClientMessage,
    Configure,
    Frame,
    Hello,
    Limits,
    Options,
    Orientation,
    Ping,
)
from server.core.model import MAX_CROPS, MAX_SECOND_RESULTS, ModelKey, Then
from server.core.tracking.options import MAX_CONFIRM_MS, MAX_LOST_MS, TrackingOptions
from server.core.wire.areas import lines, zones
from server.core.wire.encoding import Encoding

MAX_ID = 2**64 - 1
MAX_VERSION = 2**63 - 1
MAX_NAME = 256
# Integers that are echoed: the range of msgpack.
MIN_NUMBER, MAX_NUMBER = -(2**63), 2**64 - 1
MAX_TOKEN = 8192


def decode(payload: bytes | memoryview | str, encoding: Encoding, limits: Limits) -> ClientMessage:
    """Return the message in ``payload``. Raises only :class:`Refused`."""
    fields: Mapping[str, Any] = {}
    try:
        fields = _fields(payload, encoding)
        return _message(fields, encoding.text, limits)
    except FramewireError as error:
        raise Refused(error, _known_id(fields)) from None


class Refused(Exception):
    """An unusable message: why, and the frame's id if it had one."""

    def __init__(self, error: FramewireError, frame_id: int | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.frame_id = frame_id


def _message(fields: Mapping[str, Any], text: bool, limits: Limits) -> ClientMessage:
    kind = fields.get("type")
    if kind == "frame":
        return _frame(fields, text, limits)
    if kind == "ping":
        return Ping(_echo(fields, "t"))
    if kind in ("hello", "configure"):
        options = check_options(fields)
        return Hello(options) if kind == "hello" else Configure(options)
    if isinstance(kind, str):
        raise UnknownType(f"unknown type: {kind[:40]!r}")
    raise BadMessage("'type' must be a string")


def _fields(payload: bytes | memoryview | str, encoding: Encoding) -> Mapping[str, Any]:
    if isinstance(payload, str) != encoding.text:
        kind = "text" if encoding.text else "binary"
        raise BadMessage(f"{encoding.subprotocol} messages must be {kind}")
    try:
        value = encoding.unpack(payload)
    except ValueError as error:
        name = encoding.subprotocol.rpartition(".")[2]
        raise BadMessage(f"invalid {name}: {str(error)[:120] or 'unreadable'}") from None
    if not isinstance(value, dict):
        raise BadMessage(f"a message must be a map, not {_kind_of(value)}")
    return value


def _frame(fields: Mapping[str, Any], text: bool, limits: Limits) -> Frame:
    frame_id = _integer(fields, "id", 0, MAX_ID)
    if frame_id is None:
        raise BadMessage("'id' is required: an unsigned integer")
    picture_format = fields.get("format")
    if picture_format not in FORMATS:
        raise _no_format(fields)
    width = height = captured_at = None
    if "width" in fields or "height" in fields:
        width = _integer(fields, "width", 1, 2**31)
        height = _integer(fields, "height", 1, 2**31)
    if "captured_at" in fields:
        captured_at = _number(fields, "captured_at")
    data = fields.get("data")
    if text or not isinstance(data, bytes):
        data = _data(data, text)
    header = check_picture(picture_format, data, limits, width, height)
    traceparent = fields.get("traceparent")
    return Frame(
        frame_id,
        picture_format,
        data,
        header.width,
        header.height,
        captured_at,
        header.orientation,
        header.cost,
        None if traceparent is None else tracecontext.parse(traceparent),
    )


def _no_format(fields: Mapping[str, Any]) -> FramewireError:
    """Return what is wrong with a frame's format."""
    picture_format, formats = _text(fields, "format", MAX_NAME), ", ".join(FORMATS)
    if picture_format is None:
        return BadMessage(f"'format' is required: one of {formats}")
    return UnsupportedFormat(f"format {picture_format[:40]!r} is not one of {formats}")


def check_picture(
    picture_format: str,
    data: bytes,
    limits: Limits,
    width: int | None = None,
    height: int | None = None,
) -> pictures.Header:
    """Return the header of a picture that has passed all checks.

    Encoded pictures contain their size; ``width`` and ``height`` count only for the raw
    formats. Raises BadFrame or FrameTooLarge.
    """
    if not data:
        raise BadFrame("'data' is empty")
    if len(data) > limits.max_frame_bytes:
        raise FrameTooLarge(f"{len(data)} bytes; the limit is {limits.max_frame_bytes}")
    if picture_format in ENCODED_FORMATS:
        header = pictures.examine(picture_format, data)
    elif width is None or height is None:
        raise BadFrame(f"format {picture_format} requires 'width' and 'height'")
    else:
        expected = width * height * RAW_CHANNELS[picture_format]
        if len(data) != expected:
            raise BadFrame(
                f"{width}x{height} {picture_format} is {amount(expected, 'byte')}, not {len(data)}"
            )
        header = pictures.Header(width, height, cost=width * height)
    if header.width * header.height > limits.max_pixels or 0 < limits.max_cost < header.cost:
        raise _too_large(picture_format, header, limits)
    return header


def _too_large(picture_format: str, header: pictures.Header, limits: Limits) -> FrameTooLarge:
    size, pixels = f"{header.width}x{header.height}", header.width * header.height
    if pixels > limits.max_pixels:
        return FrameTooLarge(f"{size} is {pixels} pixels; the limit is {limits.max_pixels}")
    return FrameTooLarge(
        f"decoding this {picture_format} of {size} costs as much as {header.cost} pixels of "
        f"a baseline jpeg; the limit is {limits.max_cost}"
    )


def _data(value: Any, text: bool) -> bytes:
    if text:
        if not isinstance(value, str):
            raise BadFrame(f"'data' must be a base64 string, not {_kind_of(value)}")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise BadFrame("'data' is not valid base64") from None
    if isinstance(value, dict) and not value:
        # What msgpack libraries make of a bare ArrayBuffer.
        raise BadFrame("'data' is an empty map; wrap the ArrayBuffer in a Uint8Array")
    raise BadFrame(f"'data' must be bin, not {_kind_of(value)}")


def check_options(fields: Mapping[str, Any]) -> Options:
    """Return the options in ``fields``. Raises BadMessage."""
    model, label, version = _model_fields(fields)
    return Options(
        model=model,
        label=label,
        version=version,
        token=_text(fields, "token", MAX_TOKEN),
        min_score=_share(fields, "min_score"),
        max_results=_integer(fields, "max_results", 0, 2**31),
        client=_text(fields, "client", MAX_NAME),
        orientation=_orientation(fields.get("orientation")),
        track=_track(fields.get("track")),
        zones=zones(fields),
        lines=lines(fields),
        then=_then(fields.get("then")),
        traceparent=tracecontext.parse(fields.get("traceparent")),
    )


def _orientation(value: Any) -> Orientation | None:
    if value not in (None, "apply", "ignore"):
        raise BadMessage("'orientation' must be 'apply' or 'ignore'")
    return cast("Orientation | None", value)


def _track(value: Any) -> TrackingOptions | Literal[False] | None:
    if value is None or value is False:
        return value
    if value is True:
        return TrackingOptions()
    if not isinstance(value, dict):
        raise BadMessage(f"'track' must be true, false or a map, not {_kind_of(value)}")
    start, keep = _share(value, "start_score"), _share(value, "keep_score")
    confirm_ms = _integer(value, "confirm_ms", 0, MAX_CONFIRM_MS)
    lost_ms = _integer(value, "lost_ms", 0, MAX_LOST_MS)
    usual = TrackingOptions()
    return TrackingOptions(
        usual.start_score if start is None else start,
        usual.keep_score if keep is None else keep,
        usual.confirm_ms if confirm_ms is None else confirm_ms,
        usual.lost_ms if lost_ms is None else lost_ms,
    )


def _then(value: Any) -> Then | bool | None:
    if value is None or isinstance(value, bool):
        return value
    fields = {"model": value} if isinstance(value, str) else value
    if not isinstance(fields, dict):
        kind = _kind_of(value)
        raise BadMessage(f"'then' must be true, false, a model's name or a map, not {kind}")
    usual = Then(_model_key(fields))
    max_results = _integer(fields, "max_results", 0, MAX_SECOND_RESULTS)
    return Then(
        usual.key,
        _integer(fields, "max_boxes", 1, MAX_CROPS),
        _share(fields, "min_score") or 0.0,
        usual.max_results if max_results is None else max_results,
    )


def _model_key(fields: Mapping[str, Any]) -> ModelKey:
    """Return the model of ``then``."""
    name, label, version = _model_fields(fields)
    if name is None:
        raise BadMessage("'then' needs the name of a 'model'")
    return ModelKey(name, label, version)


def _model_fields(fields: Mapping[str, Any]) -> tuple[str | None, str | None, int | None]:
    """Return a model's name, label and version, as far as they are given."""
    label = _text(fields, "label", MAX_NAME)
    version = _integer(fields, "version", 0, MAX_VERSION)
    if label is not None and version is not None:
        raise BadMessage("'label' and 'version' exclude each other")
    return _text(fields, "model", MAX_NAME), label, version


def _share(fields: Mapping[str, Any], name: str) -> int | float | None:
    value = _number(fields, name)
    if value is not None and not 0 <= value <= 1:
        raise BadMessage(f"{name!r} must be a number from 0 to 1")
    return value


def _text(fields: Mapping[str, Any], name: str, longest: int) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    # isprintable also excludes lone surrogates, which no encoding can carry.
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise BadMessage(f"{name!r} must be a string of 1 to {longest} printable characters")
    return value


def _integer(fields: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    # JavaScript's msgpack libraries send some integers as floats.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadMessage(f"{name!r} must be an integer from {low} to {high}")
    return value


def _number(fields: Mapping[str, Any], name: str) -> int | float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, float) and math.isfinite(value):
        return value
    if type(value) is int and MIN_NUMBER <= value <= MAX_NUMBER:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise BadMessage(f"{name!r} must be finite and fit into 64 bits")
    raise BadMessage(f"{name!r} must be a number, not {_kind_of(value)}")


def _echo(fields: Mapping[str, Any], name: str) -> int | float | str | None:
    value = fields.get(name)
    if not isinstance(value, str):
        return _number(fields, name)
    if len(value) > MAX_NAME:
        raise BadMessage(f"{name!r} must have at most {MAX_NAME} characters")
    return value


def _known_id(fields: Mapping[str, Any]) -> int | None:
    try:
        return _integer(fields, "id", 0, MAX_ID)
    except BadMessage:
        return None


_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    bytes: "bin",
    list: "an array",
    dict: "a map",
}


def _kind_of(value: object) -> str:
    return _KINDS.get(type(value), "an extension type")
