"""Recorded pictures: as a version takes them, and as a report shows them."""

from __future__ import annotations

import base64
import io

from PIL import Image

from framewire import encodedpicture
from framewire.recording import RecordedFrame

SHOWN = (560, 560)
_RAW_MODES = {"rgba": "RGBA", "rgb": "RGB", "gray": "L"}
_TAKEN = ("jpeg", "png")


def encoded(frame: RecordedFrame) -> bytes:
    """Return a picture as ``serving_default`` takes it: as it was sent if that is possible.

    Others, and those that the gateway turned for the session, become a PNG of the same pixels.
    Raises anything that a decoder raises on broken data.
    """
    if frame.message["format"] in _TAKEN and not _is_turned(frame):
        return frame.data
    file = io.BytesIO()
    opened(frame).save(file, "PNG", compress_level=1)
    return file.getvalue()


def opened(frame: RecordedFrame) -> Image.Image:
    """Return a picture as the model saw it, RGB. Raises anything that a decoder raises."""
    kind = frame.message["format"]
    if kind in _RAW_MODES:
        size = int(frame.message["width"]), int(frame.message["height"])
        return Image.frombytes(_RAW_MODES[kind], size, frame.data).convert("RGB")
    image, orientation = encodedpicture.opened(frame.data)
    if _applies(frame):
        image = encodedpicture.upright(image, orientation)
    if image.mode.startswith("I"):  # 16 bits: a conversion would cut off what is above 255
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def data_url(image: Image.Image, kind: str = "jpeg") -> str:
    """Return a picture for a page, made small enough. ``kind``: ``jpeg`` or ``png``."""
    small = image.copy()
    small.thumbnail(SHOWN)
    file = io.BytesIO()
    small.save(file, kind, quality=80)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


def _applies(frame: RecordedFrame) -> bool:
    return frame.session.options.get("orientation") == "apply"


def _is_turned(frame: RecordedFrame) -> bool:
    if not _applies(frame):
        return False
    _, orientation = encodedpicture.opened(frame.data)
    return orientation != encodedpicture.UPRIGHT
