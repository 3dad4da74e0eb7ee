"""Bytes to messages.

Everything that can be wrong with a message on its own is checked here: its encoding,
its fields, a frame's format, length, bytes and pixels. What depends on the session
(whether hello came first, whether the id increases) is checked in ``core.session``.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

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
    Ping,
)
from server.core.wire.encoding import Encoding
from server.core.wire.fields import (
    MAX_NAME,
    Fields,
    kind_of,
    read_integer,
    read_number,
    read_text,
)
from server.core.wire.options import check_options

MAX_ID = 2**64 - 1


def decode(payload: bytes | memoryview | str, encoding: Encoding, limits: Limits) -> ClientMessage:
    """Return the message in ``payload``. Raises only :class:`Refused`."""
    fields: Fields = {}
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


def _message(fields: Fields, text: bool, limits: Limits) -> ClientMessage:
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


def _fields(payload: bytes | memoryview | str, encoding: Encoding) -> Fields:
    if isinstance(payload, str) != encoding.text:
        kind = "text" if encoding.text else "binary"
        raise BadMessage(f"{encoding.subprotocol} messages must be {kind}")
    try:
        value = encoding.unpack(payload)
    except ValueError as error:
        name = encoding.subprotocol.rpartition(".")[2]
        raise BadMessage(f"invalid {name}: {str(error)[:120] or 'unreadable'}") from None
    if not isinstance(value, dict):
        raise BadMessage(f"a message must be a map, not {kind_of(value)}")
    return value


def _frame(fields: Fields, text: bool, limits: Limits) -> Frame:
    frame_id = read_integer(fields, "id", 0, MAX_ID)
    if frame_id is None:
        raise BadMessage("'id' is required: an unsigned integer")
    picture_format = fields.get("format")
    if picture_format not in FORMATS:
        raise _no_format(fields)
    width = height = captured_at = None
    if "width" in fields or "height" in fields:
        width = read_integer(fields, "width", 1, 2**31)
        height = read_integer(fields, "height", 1, 2**31)
    if "captured_at" in fields:
        captured_at = read_number(fields, "captured_at")
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
        worst_cost=header.worst_cost,
    )


def _no_format(fields: Fields) -> FramewireError:
    """Return what is wrong with a frame's format."""
    picture_format, formats = read_text(fields, "format", MAX_NAME), ", ".join(FORMATS)
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
            raise BadFrame(f"'data' must be a base64 string, not {kind_of(value)}")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise BadFrame("'data' is not valid base64") from None
    if isinstance(value, dict) and not value:
        # What msgpack libraries make of a bare ArrayBuffer.
        raise BadFrame("'data' is an empty map; wrap the ArrayBuffer in a Uint8Array")
    raise BadFrame(f"'data' must be bin, not {kind_of(value)}")


def _echo(fields: Fields, name: str) -> int | float | str | None:
    value = fields.get(name)
    if not isinstance(value, str):
        return read_number(fields, name)
    if len(value) > MAX_NAME:
        raise BadMessage(f"{name!r} must have at most {MAX_NAME} characters")
    return value


def _known_id(fields: Fields) -> int | None:
    try:
        return read_integer(fields, "id", 0, MAX_ID)
    except BadMessage:
        return None
