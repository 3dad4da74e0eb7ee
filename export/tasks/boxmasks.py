"""Masks of boxes: grids of cells that fill their box."""

from __future__ import annotations

import tensorflow as tf

from export.contract import Tensor

MAX_CELLS = 2**18
"""Of all masks of an image: the gateway requests no more."""


def sampled(values: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Return maps ``[N, H, W, C]`` at the cells of a grid over each box: ``[N, M, size, size, C]``.

    ``boxes``: ``[N, M, 4]``, ymin, xmin, ymax, xmax in 0..1 of the maps. Between the centers of
    pixels, values are interpolated; beyond the outermost ones, they stay the same.
    """
    sides = tf.cast(tf.shape(values)[1:3], tf.float32)
    padded = tf.pad(tf.cast(values, tf.float32), [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    half_cell = (boxes[..., 2:] - boxes[..., :2]) / (2.0 * size)
    # A pixel's center is half a pixel from its edge; the padding moves it by one.
    first = (boxes[..., :2] + half_cell) * sides + 0.5
    last = (boxes[..., 2:] - half_cell) * sides + 0.5
    grid = tf.concat([first, last], axis=-1) / tf.tile(sides + 1.0, [2])
    count = tf.shape(boxes)[1]
    images = tf.repeat(tf.range(tf.shape(boxes)[0]), count)
    cells = tf.image.crop_and_resize(padded, tf.reshape(grid, [-1, 4]), images, [size, size])
    return tf.reshape(cells, [-1, count, size, size, values.shape[3]])


def of_image_masks(masks: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Return masks ``[N, K, H, W]`` that cover the image as masks ``[N, K, size, size]`` of boxes.

    ``boxes``: ``[N, K, 4]``, within 0..1.
    """
    shape = tf.shape(masks)
    flat = tf.reshape(masks, [-1, shape[2], shape[3], 1])
    cells = sampled(flat, tf.reshape(boxes, [-1, 1, 4]), size)
    return tf.reshape(cells, [-1, boxes.shape[1] or shape[1], size, size])


def refitted(masks: Tensor, drawn: Tensor, boxes: Tensor) -> Tensor:
    """Return masks ``[N, K, h, w]`` of the boxes ``drawn`` as masks of what is left of these.

    ``boxes``: ``[N, K, 4]``, parts of ``drawn``. Each cell shows the one that its center is in.
    """
    rows = _seen(drawn[..., 0], drawn[..., 2], boxes[..., 0], boxes[..., 2], tf.shape(masks)[2])
    columns = _seen(drawn[..., 1], drawn[..., 3], boxes[..., 1], boxes[..., 3], tf.shape(masks)[3])
    return tf.gather(tf.gather(masks, rows, axis=2, batch_dims=2), columns, axis=3, batch_dims=2)


def _seen(start: Tensor, end: Tensor, first: Tensor, last: Tensor, size: Tensor) -> Tensor:
    """Return which of ``size`` cells from ``start`` to ``end`` each of as many cells shows that
    reach from ``first`` to ``last``: ``[N, K, size]``."""
    cells = tf.cast(size, tf.float32)
    centers = (tf.range(cells) + 0.5) / cells
    places = first[..., None] + centers * (last - first)[..., None]
    share = (places - start[..., None]) / tf.maximum(end - start, 1e-9)[..., None]
    return tf.clip_by_value(tf.cast(tf.floor(share * cells), tf.int32), 0, size - 1)
