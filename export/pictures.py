"""Encoded pictures to the pixels that the network takes, in the graph."""

from __future__ import annotations

import tensorflow as tf

from export.network import INPUT_SIZE, Tensor

FORMATS = ("jpeg", "png")
"""What a description promises. Whatever else TensorFlow can decode works as well."""

_AT_ONCE = 16
"""Pictures of one batch that may be decoded at the same time."""

_RATIOS = (8, 4, 2, 1)


def decode_batch(encoded: Tensor) -> Tensor:
    """Strings [N] to float32 [N, 192, 192, 3] in 0..255.

    The operation fails if any one of the pictures is broken.
    """
    spec = tf.TensorSpec([INPUT_SIZE, INPUT_SIZE, 3], tf.float32)
    return tf.map_fn(decode, encoded, fn_output_signature=spec, parallel_iterations=_AT_ONCE)


def decode(encoded: Tensor) -> Tensor:
    """One string to float32 [192, 192, 3] in 0..255, stretched to that size."""
    kinds = [tf.io.is_jpeg(encoded), tf.equal(tf.strings.substr(encoded, 0, 8), _PNG_HEAD)]
    cases = list(zip(kinds, (lambda: _jpeg(encoded), lambda: _png(encoded)), strict=True))
    pixels = tf.case(cases, default=lambda: _other(encoded))
    resized = tf.image.resize(pixels[None], [INPUT_SIZE, INPUT_SIZE])[0]
    return tf.ensure_shape(resized, [INPUT_SIZE, INPUT_SIZE, 3])


_PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def _jpeg(encoded: Tensor) -> Tensor:
    """JPEG at the smallest of the sizes that its decoder can give for less work."""
    sides = tf.image.extract_jpeg_shape(encoded)[:2]
    room = tf.reduce_min(sides) // INPUT_SIZE
    branches = [lambda r=ratio: _jpeg_at(encoded, r) for ratio in _RATIOS]
    skipped = tf.reduce_sum(tf.cast(room < tf.constant(_RATIOS[:-1]), tf.int32))
    return tf.switch_case(skipped, branches)


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
