"""Real pictures made with Pillow, and messages as a client packs them."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

from server.core.messages import Frame, Limits
from server.core.wire import Encoding

LIMITS = Limits(window=4, max_frame_bytes=64 * 1024, max_pixels=1_000_000, max_staleness_ms=500)


@cache
def picture(picture_format: str = "jpeg", width: int = 64, height: int = 48) -> bytes:
    """An encoded picture with something in it."""
    return drawn(picture_format, width, height)


def drawn(picture_format: str, width: int, height: int, mode: str = "RGB", **save: Any) -> bytes:
    """The same in any of Pillow's modes, saved with any of its options."""
    image = Image.new("RGB", (width, height), (40, 90, 160))
    ImageDraw.Draw(image).ellipse((width // 4, height // 4, width - 1, height - 1), (230, 200, 30))
    if mode == "I;16":
        image = image.convert("I")
    out = io.BytesIO()
    image.convert(mode).save(out, picture_format, **save)
    return out.getvalue()


def frame_fields(frame_id: Any = 1, **changes: Any) -> dict[str, Any]:
    """A frame message as plain values; a change to None takes the field out."""
    fields = {"type": "frame", "id": frame_id, "format": "jpeg", "data": picture(), **changes}
    return {name: value for name, value in fields.items() if value is not None}


def packed(encoding: Encoding, fields: dict[str, Any]) -> bytes | str:
    """``fields`` as a client sends them: in JSON, bytes travel as base64."""
    if encoding.text and isinstance(fields.get("data"), bytes):
        fields = {**fields, "data": base64.b64encode(fields["data"]).decode()}
    return encoding.pack(fields)


def frame(frame_id: int = 1, picture_format: str = "jpeg", data: bytes | None = None) -> Frame:
    """A decoded frame."""
    if data is None:
        encoded = picture_format in ("jpeg", "png", "webp")
        data = picture(picture_format) if encoded else bytes(64 * 48 * 4)
    return Frame(frame_id, picture_format, data, 64, 48)
