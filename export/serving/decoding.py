"""Encoded pictures to the pixels that a model takes, in the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

Tensor = Any

FORMATS = ("jpeg", "png")
"""What a description promises. Whatever else TensorFlow can decode works as well."""

_AT_ONCE = 16
"""Pictures of one batch that may be decoded at the same time."""

_RATIOS = (8, 4, 2, 1)


@dataclass(frozen=True)
class Canvas:
    """What pictures are drawn on: the model's input, `height` and `width` in pixels.

    letterbox: a picture keeps its aspect and stands in the middle, between black bars; else it
    is stretched to the canvas.
    """

    height: int
    width: int
    letterbox: bool = False

    def inner(self, sides: Tensor) -> Tensor:
        """The size that a picture of `sides`, int32 [2], has on the canvas: int32 [2]."""
        whole = tf.constant([self.height, self.width])
        if not self.letterbox:
            return whole
        # As exact as the gateway's own reckoning for pixels, so that both round alike.
        sides = tf.cast(sides, tf.float64)
        scale = tf.reduce_min(tf.cast(whole, tf.float64) / sides)
        return tf.clip_by_value(tf.cast(tf.round(sides * scale), tf.int32), 1, whole)

    def draw(self, pixels: Tensor, inner: Tensor) -> Tensor:
        """Pixels [h, w, 3] as float32 [height, width, 3]."""
        drawn = tf.image.resize(pixels[None], inner)[0]
        if self.letterbox:
            top, left = self._corner(inner)
            drawn = tf.image.pad_to_bounding_box(drawn, top, left, self.height, self.width)
        return tf.ensure_shape(drawn, [self.height, self.width, 3])

    def place(self, inner: Tensor) -> Tensor:
        """Where a picture of that inner size lies: float32 [4], top, left, height and width in
        parts of the canvas."""
        size = tf.cast([self.height, self.width], tf.float32)
        corner = tf.cast(tf.stack(self._corner(inner)), tf.float32)
        return tf.concat([corner / size, tf.cast(inner, tf.float32) / size], axis=0)

    def _corner(self, inner: Tensor) -> tuple[Tensor, Tensor]:
        return (self.height - inner[0]) // 2, (self.width - inner[1]) // 2


def decode_batch(encoded: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
    """Strings [N] to float32 [N, height, width, 3] in 0..255, and their places [N, 4].

    The operation fails if any one of the pictures is broken.
    """
    pixels = tf.TensorSpec([canvas.height, canvas.width, 3], tf.float32)
    if canvas.letterbox:
        specs: Any = (pixels, tf.TensorSpec([4], tf.float32))
        return _each(lambda one: decode(one, canvas), encoded, specs)
    # One place for all: the loop has less to gather.
    everywhere = tf.tile([[0.0, 0.0, 1.0, 1.0]], [tf.shape(encoded)[0], 1])
    return _each(lambda one: decode(one, canvas)[0], encoded, pixels), everywhere


def _each(decode_one: Any, encoded: Tensor, specs: Any) -> Any:
    return tf.map_fn(decode_one, encoded, fn_output_signature=specs, parallel_iterations=_AT_ONCE)


def decode(encoded: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
    """One string to float32 [height, width, 3] in 0..255, and its place on the canvas, [4]."""
    pixels, sides = _decoded(encoded, lambda: _jpeg(encoded, canvas))
    inner = canvas.inner(sides)
    return canvas.draw(pixels, inner), canvas.place(inner)


def decode_whole(encoded: Tensor) -> Tensor:
    """One string to float32 [h, w, 3] in 0..255, in its own size."""
    pixels, _ = _decoded(encoded, lambda: _sized(_jpeg_at(encoded, 1)))
    return tf.cast(pixels, tf.float32)


def _decoded(encoded: Tensor, jpeg: Any) -> tuple[Tensor, Tensor]:
    """uint8 [h, w, 3], and the sides that the picture has before any reduction."""
    kinds = [tf.io.is_jpeg(encoded), tf.equal(tf.strings.substr(encoded, 0, 8), _PNG_HEAD)]
    cases = list(zip(kinds, (jpeg, lambda: _sized(_png(encoded))), strict=True))
    return tf.case(cases, default=lambda: _sized(_other(encoded)))


_PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def _sized(pixels: Tensor) -> tuple[Tensor, Tensor]:
    return pixels, tf.shape(pixels)[:2]


def _jpeg(encoded: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
    """JPEG at the smallest of the sizes that its decoder can give for less work."""
    sides = tf.image.extract_jpeg_shape(encoded)[:2]
    room = tf.reduce_min(sides // canvas.inner(sides))
    branches = [lambda r=ratio: _jpeg_at(encoded, r) for ratio in _RATIOS]
    skipped = tf.reduce_sum(tf.cast(room < tf.constant(_RATIOS[:-1]), tf.int32))
    return tf.switch_case(skipped, branches), sides


def _jpeg_at(encoded: Tensor, ratio: int) -> Tensor:
    return tf.image.decode_jpeg(
        encoded, channels=3, ratio=ratio, fancy_upscaling=False, dct_method="INTEGER_FAST"
    )


def _png(encoded: Tensor) -> Tensor:
    """PNG; what is transparent shows white paper."""
    pixels = tf.cast(tf.image.decode_png(encoded, channels=4), tf.uint16)
    colours, cover = pixels[..., :3], pixels[..., 3:]
    return tf.cast((colours * cover + 255 * (255 - cover) + 127) // 255, tf.uint8)


def _other(encoded: Tensor) -> Tensor:
    return tf.image.decode_image(encoded, channels=3, expand_animations=False)
