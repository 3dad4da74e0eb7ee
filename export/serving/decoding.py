"""Decode and resize images to a model's input, in the graph.

One rule for every kind of image, which a gateway that decodes for a model follows too: 16 bits per
channel keep their upper 8, transparent parts become white, palettes are expanded, color profiles
are ignored, and EXIF orientation is not applied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from export.contract import Tensor

FORMATS = ("jpeg", "png")
"""The formats that the graph decodes and descriptions promise. All others are rejected."""

_PARALLEL = 16
"""The number of images of a batch that are decoded at the same time."""

_RATIOS = (8, 4, 2, 1)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTH = 24
"""The offset of the bits per sample in a PNG's header."""


@dataclass(frozen=True)
class Canvas:
    """The model's input, ``height`` x ``width`` pixels, onto which images are drawn.

    ``letterbox``: keep the aspect ratio and center the image between black bars; otherwise stretch
    it.
    """

    height: int
    width: int
    letterbox: bool = False

    def scaled_size(self, size: Tensor) -> Tensor:
        """Return the size, int32 ``[2]``, at which an image of ``size`` is drawn."""
        whole = tf.constant([self.height, self.width])
        if not self.letterbox:
            return whole
        # Use the gateway's precision for pixels, so that both round alike.
        size = tf.cast(size, tf.float64)
        scale = tf.reduce_min(tf.cast(whole, tf.float64) / size)
        return tf.clip_by_value(tf.cast(tf.round(size * scale), tf.int32), 1, whole)

    def draw(self, pixels: Tensor, scaled_size: Tensor) -> Tensor:
        """Draw pixels ``[h, w, 3]`` and return float32 ``[height, width, 3]``."""
        drawn = tf.image.resize(pixels[None], scaled_size)[0]
        if self.letterbox:
            top, left = self._corner(scaled_size)
            drawn = tf.image.pad_to_bounding_box(drawn, top, left, self.height, self.width)
        return tf.ensure_shape(drawn, [self.height, self.width, 3])

    def placement(self, scaled_size: Tensor) -> Tensor:
        """Return where an image lies: float32 ``[4]``, top, left, height, width in 0..1."""
        size = tf.cast([self.height, self.width], tf.float32)
        corner = tf.cast(tf.stack(self._corner(scaled_size)), tf.float32)
        return tf.concat([corner / size, tf.cast(scaled_size, tf.float32) / size], axis=0)

    def _corner(self, scaled_size: Tensor) -> tuple[Tensor, Tensor]:
        return (self.height - scaled_size[0]) // 2, (self.width - scaled_size[1]) // 2


def decode_batch(encoded: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Decode strings ``[N]`` to float32 ``[N, height, width, 3]`` in 0..255.

    Return the pixels and their placements ``[N, 4]``. The operation fails if any image is broken.
    """
    pixels = tf.TensorSpec([canvas.height, canvas.width, 3], tf.float32)
    if canvas.letterbox:
        specs = (pixels, tf.TensorSpec([4], tf.float32))
        drawn, placements = _map(lambda one: decode(one, canvas), encoded, specs)
        return drawn, placements
    # All placements are alike, which leaves less for the loop to gather.
    everywhere = tf.tile([[0.0, 0.0, 1.0, 1.0]], [tf.shape(encoded)[0], 1])
    return _map(lambda one: decode(one, canvas)[0], encoded, pixels), everywhere


def _map(function: Callable[[Tensor], Any], encoded: Tensor, specs: Any) -> Any:
    return tf.map_fn(function, encoded, fn_output_signature=specs, parallel_iterations=_PARALLEL)


def decode(encoded: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Decode one string to float32 ``[height, width, 3]`` in 0..255, and its placement ``[4]``."""
    pixels, size = _decoded(encoded, lambda: _jpeg(encoded, canvas))
    scaled_size = canvas.scaled_size(size)
    return canvas.draw(pixels, scaled_size), canvas.placement(scaled_size)


def decode_at_own_size(encoded: Tensor) -> Tensor:
    """Decode one string to float32 ``[h, w, 3]`` in 0..255, at its own size."""
    pixels, _ = _decoded(encoded, lambda: _with_size(_jpeg_at(encoded, 1)))
    return tf.cast(pixels, tf.float32)


def _decoded(encoded: Tensor, jpeg: Callable[[], Any]) -> tuple[Tensor, Tensor]:
    """Return uint8 ``[h, w, 3]``, and the size of the image before any reduction."""
    kinds = [tf.io.is_jpeg(encoded), tf.equal(tf.strings.substr(encoded, 0, 8), _PNG_SIGNATURE)]
    cases = list(zip(kinds, (jpeg, lambda: _with_size(_png(encoded))), strict=True))
    pixels, size = tf.case(cases, default=lambda: _with_size(_reject()))
    return pixels, size


def _with_size(pixels: Tensor) -> tuple[Tensor, Tensor]:
    return pixels, tf.shape(pixels)[:2]


def _jpeg(encoded: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Decode a JPEG at the smallest size that its decoder offers and that is large enough."""
    size = tf.image.extract_jpeg_shape(encoded)[:2]
    room = tf.reduce_min(size // canvas.scaled_size(size))
    branches = [lambda r=ratio: _jpeg_at(encoded, r) for ratio in _RATIOS]
    skipped = tf.reduce_sum(tf.cast(room < tf.constant(_RATIOS[:-1]), tf.int32))
    return tf.switch_case(skipped, branches), size


def _jpeg_at(encoded: Tensor, ratio: int) -> Tensor:
    return tf.image.decode_jpeg(
        encoded, channels=3, ratio=ratio, fancy_upscaling=False, dct_method="INTEGER_FAST"
    )


def _png(encoded: Tensor) -> Tensor:
    """Decode a PNG on a white background."""
    pixels = tf.image.decode_png(encoded, channels=4)
    colors, alpha = pixels[..., :3], pixels[..., 3:]
    with tf.control_dependencies([pixels]):  # a broken PNG fails as such, not for its short header
        opaque = tf.reduce_all(tf.equal(alpha, _filled_alpha(encoded)))
    return tf.cond(opaque, lambda: colors, lambda: _on_white(colors, alpha))


def _filled_alpha(encoded: Tensor) -> Tensor:
    """Return the alpha, uint8, that TensorFlow gives a PNG without transparency.

    It is the largest number that the PNG's bits per sample can hold, although real alpha has at
    least 8 bits.
    """
    [depth] = tf.unstack(tf.io.decode_raw(tf.strings.substr(encoded, _PNG_DEPTH, 1), tf.uint8), 1)
    largest = tf.bitwise.left_shift(1, tf.minimum(tf.cast(depth, tf.int32), 8)) - 1
    return tf.cast(largest, tf.uint8)


def _on_white(colors: Tensor, alpha: Tensor) -> Tensor:
    colors, alpha = tf.cast(colors, tf.uint16), tf.cast(alpha, tf.uint16)
    return tf.cast((colors * alpha + 255 * (255 - alpha) + 127) // 255, tf.uint8)


def _reject() -> Tensor:
    """Fail: TensorFlow decodes other formats, but not by the rule above, and an animated WebP
    makes it write beyond its memory."""
    failure = tf.debugging.Assert(False, ["a JPEG or PNG picture is required"])
    with tf.control_dependencies([failure]):
        return tf.zeros([1, 1, 3], tf.uint8)
