"""One rule for every kind of picture: 8-bit RGB or grey, upright, nothing transparent.

The graph that ``python -m export`` makes follows the same rule, so a picture means the
same to a model whoever decodes it:

* 16 bits per channel keep their upper 8;
* whatever is transparent shows white paper, by alpha channel, palette or colour key;
* a palette is expanded, CMYK is converted without a profile, a colour profile is ignored;
* of an animation, or of several pictures in one file, the first counts;
* the fourth byte of raw ``rgba`` is ignored: cameras leave it undefined.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from server.backend.pixels.placement import Size
from server.core.amounts import amount
from server.core.errors import BadFrame
from server.core.messages import RAW_CHANNELS, Frame
from server.core.pictures import UPRIGHT, without_metadata

# The header's size was checked against the limits before a frame gets here, and
# ``_decoded`` holds the decoder to that size.
Image.MAX_IMAGE_PIXELS = None

# What raw bytes become, and what they are in Pillow's terms.
_RAW_MODES = {"rgba": ("RGB", "RGBX"), "rgb": ("RGB", "RGB"), "gray": ("L", "L")}
_PNG_DEPTH = 24  # where a PNG's header has its bits per sample
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_stored(frame: Frame, mode: str, at_least: Size | None = None) -> Image.Image:
    """Decode ``frame`` as ``mode``, RGB or L, as it is stored: see :func:`upright`.

    With ``at_least``, the picture may be larger than that size but smaller than the frame, where
    that saves work. Raises BadFrame, or anything that a decoder raises on broken data.
    """
    if frame.format in RAW_CHANNELS:
        return _as_mode(mode, _raw(frame))
    return _as_mode(mode, _flat(_decoded(frame, mode, at_least), frame))


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """Turn ``picture`` as EXIF's ``orientation`` says, 1 to 8."""
    return picture if orientation == UPRIGHT else picture.transpose(_TURNS[orientation])


def _decoded(frame: Frame, mode: str, at_least: Size | None) -> Image.Image:
    data = without_metadata(frame.format, frame.data)
    picture: Image.Image = Image.open(io.BytesIO(data), formats=(frame.format,))
    if picture.size != (frame.width, frame.height):
        raise BadFrame(
            f"the {frame.format} is {picture.width}x{picture.height} pixels where its header "
            f"says {frame.width}x{frame.height}"
        )
    if at_least is not None:
        # JPEG alone can be decoded at a half, a quarter or an eighth for less.
        picture.draft(mode, at_least)
    picture.load()
    return picture


def _raw(frame: Frame) -> Image.Image:
    mode, raw_mode = _RAW_MODES[frame.format]
    expected = frame.width * frame.height * RAW_CHANNELS[frame.format]
    if len(frame.data) != expected:
        raise BadFrame(
            f"{frame.format} of {frame.width}x{frame.height} pixels is {amount(expected, 'byte')}, "
            f"not {len(frame.data)}"
        )
    size = (frame.width, frame.height)
    return Image.frombuffer(mode, size, frame.data, "raw", raw_mode, 0, 1)


def _as_mode(mode: str, picture: Image.Image) -> Image.Image:
    """Return ``picture`` as ``mode``, RGB or L."""
    # Even a conversion to the same mode would copy every pixel.
    return picture if picture.mode == mode else picture.convert(mode)


def _flat(picture: Image.Image, frame: Frame) -> Image.Image:
    """Lay ``picture`` on white paper, in 8 bits per channel."""
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if "transparency" in picture.info:
        picture = _with_alpha(picture, frame)
    if picture.mode not in ("LA", "RGBA"):
        return picture
    base = picture.mode.removesuffix("A")
    paper = Image.new(base, picture.size, "white")
    paper.paste(picture.convert(base), mask=picture.getchannel("A"))
    return paper


def _with_alpha(picture: Image.Image, frame: Frame) -> Image.Image:
    if picture.mode in ("1", "L"):
        # Pillow spreads 1, 2 and 4 bits over 0..255, but not the transparent value.
        most = 2 ** frame.data[_PNG_DEPTH] - 1
        value = picture.info["transparency"] * 255 // most
        picture = picture.convert("L")
        picture.info["transparency"] = value
        return picture.convert("LA")
    return picture.convert("RGBA")
