"""Pictures of any kind -> the bytes of a frame.

Encoded pictures (bytes or files) travel as they are, if the model takes their format and they are
within the limits. Everything else is scaled down to cover the model's input, aspect ratio
preserved, and encoded.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Protocol, cast

from PIL import Image, UnidentifiedImageError

from framewire import encodedpicture
from framewire.client.messages import Encoded, Limits, Model

MAX_SIDE = 65500  # pixels: the longest that a JPEG can have
_RAW_MODES = {"rgb": "RGB", "gray": "L"}


class SupportsArray(Protocol):
    """A numpy array, or what looks like one."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


Picture = bytes | bytearray | memoryview | str | os.PathLike[str] | Image.Image | SupportsArray
"""JPEG, PNG or WebP as bytes or as the path of a file, a PIL image, or an array of ``uint8`` of
shape [height, width] (gray), [height, width, 3] (RGB) or [height, width, 4] (RGBA)."""


def encode(
    picture: Picture, model: Model, limits: Limits, *, upright: bool = True, quality: int = 85
) -> Encoded:
    """Return a picture in a format that ``model`` takes, within ``limits``.

    ``upright``: turn a picture that must be encoded again as its EXIF orientation says.
    ``quality`` is that of JPEGs, 1 to 95. Raises OSError, TypeError or ValueError if the picture
    cannot be read.
    """
    data = _bytes(picture)
    if data is None:
        return _compress(_scaled(_image(picture), model, limits), model, quality)
    image, orientation = _open(data)
    format_ = str(image.format).lower()
    pixels = image.width * image.height
    fits = len(data) <= limits.max_frame_bytes and pixels <= limits.max_pixels
    if format_ in model.formats and fits:
        return Encoded(format_, data)
    image.draft("RGB", _target(image.size, model, limits))
    turned = encodedpicture.upright(image, orientation) if upright else image
    return _compress(_scaled(turned, model, limits), model, quality)


def _bytes(picture: Picture) -> bytes | None:
    """Return the bytes of an encoded picture; None for pixels."""
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, bytearray | memoryview):
        return bytes(picture)
    if isinstance(picture, str | os.PathLike):
        return Path(picture).read_bytes()
    return None


def _open(data: bytes) -> tuple[Image.Image, int]:
    try:
        return encodedpicture.opened(data)
    except UnidentifiedImageError:
        raise ValueError("not a picture in JPEG, PNG or WebP") from None


def _image(picture: Picture) -> Image.Image:
    if isinstance(picture, Image.Image):
        if 0 in picture.size:
            raise ValueError(f"an image of {picture.width} x {picture.height} has no pixels")
        return picture
    if not hasattr(picture, "__array_interface__"):
        raise TypeError(
            "a picture is bytes, a path, a PIL image or a numpy array, "
            f"not {type(picture).__name__}"
        )
    interface: dict[str, Any] = cast(Any, picture).__array_interface__
    shape, dtype = interface["shape"], interface["typestr"]
    if dtype != "|u1" or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))):
        raise TypeError(
            "an array must be uint8 of shape [height, width], [height, width, 3] or "
            f"[height, width, 4], not {dtype[1:]} of shape {list(shape)}"
        )
    if 0 in shape:
        raise ValueError(f"an array of shape {list(shape)} has no pixels")
    return Image.fromarray(cast(Any, picture))


def _target(size: tuple[int, int], model: Model, limits: Limits) -> tuple[int, int]:
    """Return the size to scale to: it covers the model's input, and is no larger than before."""
    width, height = size
    scale = min(1.0, (limits.max_pixels / (width * height)) ** 0.5, MAX_SIDE / max(width, height))
    if model.width and model.height:
        scale = min(scale, max(model.width / width, model.height / height))
    # A product such as 191.9999 means 192.
    return max(1, int(width * scale + 1e-6)), max(1, int(height * scale + 1e-6))


def _scaled(image: Image.Image, model: Model, limits: Limits) -> Image.Image:
    target = _target(image.size, model, limits)
    image = _opaque(image)
    if target == image.size:
        return image
    return image.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _opaque(image: Image.Image) -> Image.Image:
    """Return an RGB or gray image. What is transparent becomes white, as in the gateway, and 16
    bits become their upper 8."""
    if image.mode in ("RGB", "L"):
        return image
    if image.mode.startswith("I"):  # a conversion would cut off everything brighter than 255
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    straight = image.convert("LA") if image.mode == "La" else image  # Pillow knows no other way
    layer = straight.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _compress(image: Image.Image, model: Model, quality: int) -> Encoded:
    for format_ in ("jpeg", "png", "webp"):
        if format_ in model.formats:
            file = io.BytesIO()
            image.save(file, format_, quality=quality)
            return Encoded(format_, file.getvalue())
    for format_, mode in _RAW_MODES.items():
        if format_ in model.formats:
            return Encoded(format_, image.convert(mode).tobytes(), image.size)
    raise ValueError(f"the model takes none of the known formats: {', '.join(model.formats)}")
