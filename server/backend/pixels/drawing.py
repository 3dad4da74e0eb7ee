"""Draw one frame into its row of a batch, or encode it anew, upright."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from server.backend.contract import PixelsInput
from server.backend.description import Scale
from server.backend.pixels.opening import open_stored, upright
from server.backend.pixels.placement import WHOLE, Placement, Size, place
from server.core.errors import BadFrame, FramewireError
from server.core.messages import Frame
from server.core.pictures import UPRIGHT, without_metadata
from server.core.pictures.png import check_pixels
from server.core.pictures.webp import is_animated

_MODES = {1: "L", 3: "RGB"}
_MAX_REASON_CHARS = 120
SAVING: Mapping[str, Mapping[str, Any]] = {
    "jpeg": {"quality": 95, "subsampling": 0},
    "png": {"compress_level": 1},
    "webp": {"quality": 95, "method": 0},
}
"""Close to lossless, and quick: the model server decodes it once and throws it away."""


def draw(
    frame: Frame, wanted: PixelsInput, row: np.ndarray[Any, Any]
) -> Placement | FramewireError:
    """Draw ``frame`` into ``row`` [H,W,C]. Returns where it lies, or why it cannot be drawn."""
    try:
        height, width, channels = row.shape
        placement, inner = place(frame, wanted, (width, height))
        picture = _fitted(frame, _MODES[channels], inner)
    except BadFrame as error:
        return error
    except Exception as error:  # decoders raise anything on broken data
        return BadFrame(reason(frame, error))
    _write(picture, placement, wanted.scale, row)
    return placement


def needs_encoding(frame: Frame) -> bool:
    """Return whether :func:`encode` has anything to do for ``frame``."""
    return frame.format != "jpeg" or frame.orientation != UPRIGHT


def encode(frame: Frame) -> bytes | FramewireError:
    """Return bytes of ``frame`` that a graph may decode safely, or why it must not.

    A PNG is checked to inflate to its pixels and no further, and loses its metadata: TensorFlow
    inflates profiles and texts as well. It writes beyond its memory when it decodes an animated
    WebP. A picture that lies on its side is turned, which takes decoding and encoding it.
    """
    try:
        if frame.format == "png":
            check_pixels(frame.data)
            if frame.orientation == UPRIGHT:
                return without_metadata("png", frame.data)
        elif frame.format == "webp" and is_animated(frame.data):
            return BadFrame("this webp is animated, and the model decodes still pictures only")
        return frame.data if frame.orientation == UPRIGHT else _turned(frame)
    except BadFrame as error:
        return error
    except Exception as error:  # decoders raise anything on broken data
        return BadFrame(reason(frame, error))


def _turned(frame: Frame) -> bytes:
    picture = upright(open_stored(frame, "RGB"), frame.orientation)
    encoded = io.BytesIO()
    picture.save(encoded, frame.format, **SAVING[frame.format])
    return encoded.getvalue()


def _fitted(frame: Frame, mode: str, inner: Size) -> Image.Image:
    """Decode and resize ``frame``, and turn it last, when it is smallest."""
    stored = inner[::-1] if frame.is_sideways else inner
    picture = _resized(open_stored(frame, mode, stored), stored)
    return upright(picture, frame.orientation)


def _resized(picture: Image.Image, size: Size) -> Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _write(
    picture: Image.Image, placement: Placement, scale: Scale | None, row: np.ndarray[Any, Any]
) -> None:
    height, width, channels = row.shape
    pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)
    left, top = round(placement.left * width), round(placement.top * height)
    if placement is not WHOLE:
        row[...] = 0
    row[top : top + picture.height, left : left + picture.width] = pixels
    if scale is not None:
        row -= np.asarray(scale.mean, np.float32)
        row /= np.asarray(scale.std, np.float32)


def reason(frame: Frame, error: Exception) -> str:
    """Return why ``frame`` cannot be decoded, in one line."""
    text = " ".join(str(error).split())[:_MAX_REASON_CHARS]
    if isinstance(error, UnidentifiedImageError):  # which names an object in memory
        text = "its first bytes are damaged"
    return f"the {frame.format} cannot be decoded: {text or type(error).__name__}"
