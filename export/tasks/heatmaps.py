"""Heat maps of keypoints: one for each point, which is where its map is hottest."""

from __future__ import annotations

import tensorflow as tf

from export.contract import Tensor


def peaks(maps: Tensor, count: int) -> Tensor:
    """Return y, x in 0..1 and the value of each map's peak: ``[N, 1, count, 3]``.

    ``maps``: float32 ``[N, h, w, count]``. As is usual, a peak lies a quarter of a cell from its
    cell's center, towards the row and the column beside it that get hotter.
    """
    height, width = tf.shape(maps)[1], tf.shape(maps)[2]
    flat = tf.reshape(maps, [-1, height * width, count])
    best = tf.argmax(flat, axis=1, output_type=tf.int32)
    rows, columns = best // width, best % width
    y = _refined(tf.reduce_max(maps, axis=2), rows, height)
    x = _refined(tf.reduce_max(maps, axis=1), columns, width)
    return tf.stack([y, x, tf.reduce_max(flat, axis=1)], axis=-1)[:, None]


def _refined(line: Tensor, at: Tensor, size: Tensor) -> Tensor:
    """Return in 0..1 where a peak lies.

    ``line``: the hottest value of each row or column, ``[N, size, K]``. ``at``: the peak's,
    ``[N, K]``.
    """
    ends = tf.pad(line, [[0, 0], [1, 1], [0, 0]], "SYMMETRIC")
    values = tf.transpose(ends, [0, 2, 1])  # cell 0 is at 1
    before, after = (tf.gather(values, at + step, axis=2, batch_dims=2) for step in (0, 2))
    shift = 0.25 * tf.sign(after - before)
    return (tf.cast(at, tf.float32) + 0.5 + shift) / tf.cast(size, tf.float32)
