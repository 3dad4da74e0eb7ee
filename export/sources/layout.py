"""Bring a model's input into the layout of images, ``[N, H, W, C]``.

=================  ================================================
the model takes    it gets
=================  ================================================
``[N,H,W]``        grayscale images
``[N,D]``          images row by row: gray if ``D`` is ``H * W``, with
                   three channels if it is ``H * W * 3``
``[N,C,H,W]``      images with the channels first
``[H,W,C]``        one image per call
string ``[]``      one encoded image per call
string ``[N,1]``   encoded images
=================  ================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isqrt

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.sources.source import Source

Adapt = Callable[[Tensor], Tensor]
_CHANNELS = (1, 3)
_SMALLEST_SIDE = 8
"""Fewer values are measurements, not pixels."""

FEWEST_PIXELS = _SMALLEST_SIDE**2
"""The values of the smallest image that is taken for one without its size being given."""


def as_images(source: Source, size: tuple[int, int] | None, batch: int | None = None) -> Source:
    """Return the source with an input ``[N, H, W, C]``, if its own is a layout of images.

    ``size``: width and height. ``batch``: what was asked for; 1 says that an input ``[?, ?, ?]`` is
    one image. Other inputs stay as they are; ``Conversion`` rejects them.
    """
    shape = source.input.shape
    if source.takes_bytes and shape.rank == 0:
        return _one_image(source)
    if source.takes_bytes and shape.rank == 2 and shape[1] == 1:
        note = f"the model takes {shape} encoded images"
        return _adapted(source, [shape[0]], lambda encoded: encoded[:, None], note)
    if source.takes_bytes or shape.rank not in (2, 3, 4):
        return source
    if shape.rank == 2:
        return _flat(source, size)
    if shape.rank == 3:
        return _three_dimensions(source, batch)
    return _channels_first(source)


def _three_dimensions(source: Source, batch: int | None) -> Source:
    """Bring one image, or images without channels, into the layout; not sequences of values."""
    first, second, last = source.input.shape
    if last in _CHANNELS:  # ``[N,D,1]`` are sound and other measurements
        return source if first is None and second is not None else _one_image(source)
    if batch == 1 and (first, second, last) == (None, None, None):
        return _one_image(source)
    is_narrow = any(side is not None and side < _SMALLEST_SIDE for side in (second, last))
    return source if is_narrow else _without_channels(source)


def _without_channels(source: Source) -> Source:
    shape = source.input.shape
    note = f"the model takes {shape}: images are converted to gray"
    return _adapted(source, [*shape, 1], lambda images: images[..., 0], note)


def _flat(source: Source, size: tuple[int, int] | None) -> Source:
    count = source.input.shape[1]
    shape = None if count is None else _side(count, size)
    if shape is None:
        return source
    height, width, channels = shape
    color = "gray" if channels == 1 else "RGB"
    note = f"the model takes {source.input.shape}: {width}x{height} pixels, {color}, row by row"
    return _adapted(
        source,
        [source.input.shape[0], *shape],
        lambda images: tf.reshape(images, [-1, count]),
        note,
    )


def _side(count: int, size: tuple[int, int] | None) -> tuple[int, int, int] | None:
    """Return the height, width and channels of ``count`` values; a square unless ``size`` says."""
    for channels in _CHANNELS:
        side = isqrt(count // channels)
        width, height = size or (side, side)
        if width * height * channels == count and (size or side >= _SMALLEST_SIDE):
            return height, width, channels
    return None


def _channels_first(source: Source) -> Source:
    batch, channels, height, width = source.input.shape
    if channels not in _CHANNELS or width in _CHANNELS:
        return source
    note = f"the model takes {source.input.shape}, with the channels first"
    shape = [batch, height, width, channels]
    return _adapted(source, shape, lambda images: tf.transpose(images, [0, 3, 1, 2]), note)


def _one_image(source: Source) -> Source:
    """Add the batch dimension that a model for one image lacks, to its input and its outputs.

    Some have it in their outputs, because they add it themselves.
    """
    has_rows = _has_rows(source)

    def batched(call: Callable[[Tensor], Outputs]) -> Callable[[Tensor], Outputs]:
        if has_rows:
            return lambda images: call(images[0])
        return lambda images: {name: value[None] for name, value in call(images[0]).items()}

    return replace(
        source,
        input=tf.TensorSpec([1, *source.input.shape], source.input.dtype),
        infer=batched(source.infer),
        reference=batched(source.reference),
    )


def _has_rows(source: Source) -> bool:
    """Return whether every output of a model for one image is declared as ``[1, ...]``."""
    function = tf.function(source.infer, input_signature=[source.input], autograph=False)
    outputs = function.get_concrete_function().structured_outputs
    return all(spec.shape.rank and spec.shape[0] == 1 for spec in outputs.values())


def _adapted(source: Source, shape: list[int | None], adapt: Adapt, note: str) -> Source:
    def adapted(call: Callable[[Tensor], Outputs]) -> Callable[[Tensor], Outputs]:
        return lambda images: call(adapt(images))

    return replace(
        source,
        input=tf.TensorSpec(shape, source.input.dtype),
        infer=adapted(source.infer),
        reference=adapted(source.reference),
        notes=(*source.notes, note),
    )
