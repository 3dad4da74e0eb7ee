"""Cut parts out of one frame, for another model."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from server.backend.pixels.drawing import SAVING, reason
from server.backend.pixels.opening import open_stored, upright
from server.core.cascade import Region
from server.core.errors import BadFrame, FramewireError
from server.core.messages import RAW_CHANNELS, Frame


def cut(
    frame: Frame, regions: Sequence[Region], picture_format: str
) -> list[bytes] | FramewireError:
    """Return ``regions`` of ``frame``, which is decoded once, or why it cannot be decoded.

    They are raw ``rgb`` or, for graphs that decode, encoded as ``picture_format``.
    """
    try:
        picture = upright(open_stored(frame, "RGB"), frame.orientation)
        return [_saved(_crop(picture, region), picture_format) for region in regions]
    except BadFrame as error:
        return error
    except Exception as error:  # decoders raise anything on broken data
        return BadFrame(reason(frame, error))


def _crop(picture: Image.Image, region: Region) -> Image.Image:
    edges = (region.left, region.top, region.right, region.bottom)
    return picture.crop(edges) if region.shrink == 1 else picture.reduce(region.shrink, edges)


def _saved(picture: Image.Image, picture_format: str) -> bytes:
    if picture_format in RAW_CHANNELS:
        return picture.tobytes()
    encoded = io.BytesIO()
    picture.save(encoded, picture_format, **SAVING[picture_format])
    return encoded.getvalue()
