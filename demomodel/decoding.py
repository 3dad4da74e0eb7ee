"""From the network's grid to boxes: scores, sides, and non-maximum suppression, in the graph."""

from __future__ import annotations

import tensorflow as tf

from demomodel.network import CELLS, INPUT_SIZE, STRIDE, Tensor

MAX_BOXES = 50
MIN_SCORE = 0.05
MAX_OVERLAP = 0.5
"""Of two boxes whose intersection over union is above this, the weaker goes, whatever its class:
no two digits are printed on one spot."""

_CANDIDATES = 100


def middles() -> Tensor:
    """The middle of each cell: float32 [576, 2], y and x in pixels."""
    line = (tf.range(CELLS, dtype=tf.float32) + 0.5) * STRIDE
    y, x = tf.meshgrid(line, line, indexing="ij")
    return tf.reshape(tf.stack([y, x], axis=-1), [-1, 2])


def boxes_of(distances: Tensor) -> Tensor:
    """Distances [N, 576, 4] to boxes [N, 576, 4], ymin, xmin, ymax, xmax in 0..1."""
    at = middles()[None]
    low, high = at - distances[..., :2], at + distances[..., 2:]
    return tf.clip_by_value(tf.concat([low, high], axis=-1) / INPUT_SIZE, 0.0, 1.0)


def detect(logits: Tensor, distances: Tensor) -> dict[str, Tensor]:
    """The boxes that are left, best first, padded with zeros to the longest list that can be.

    Takes logits float32 [N, 24, 24, 10] and distances float32 [N, 24, 24, 4]. Gives, under
    TensorFlow's detection names, boxes [N, 50, 4] as ymin, xmin, ymax, xmax in 0..1, scores and
    classes [N, 50], and num_detections [N], all float32.
    """
    cells = CELLS * CELLS
    logits = tf.reshape(logits, [-1, cells, logits.shape[-1]])
    boxes = boxes_of(tf.reshape(distances, [-1, cells, 4]))
    scores = tf.sigmoid(tf.reduce_max(logits, axis=-1))
    classes = tf.cast(tf.argmax(logits, axis=-1), tf.float32)
    scores, order = tf.math.top_k(scores, _CANDIDATES)
    boxes = tf.gather(boxes, order, batch_dims=1)
    classes = tf.gather(classes, order, batch_dims=1)
    kept = suppress(boxes, scores >= MIN_SCORE)
    scores, order = tf.math.top_k(tf.where(kept, scores, 0.0), MAX_BOXES)
    real = tf.cast(scores > 0.0, tf.float32)
    return {
        "detection_boxes": tf.gather(boxes, order, batch_dims=1) * real[..., None],
        "detection_scores": scores,
        "detection_classes": tf.gather(classes, order, batch_dims=1) * real,
        "num_detections": tf.reduce_sum(real, axis=1),
    }


def suppress(
    boxes: Tensor,
    eligible: Tensor,
    max_overlap: float = MAX_OVERLAP,
    classes: Tensor | None = None,
) -> Tensor:
    """Greedy non-maximum suppression of whole batches at once.

    boxes: float32 [N, K, 4], best first; eligible: bool [N, K]. classes: [N, K] if boxes push out
    those of their own class only. Returns bool [N, K].

    A box stays if no better box that stays overlaps it. Applied to all boxes over and over, that
    rule settles after as many rounds as the longest chain of boxes that push each other out,
    which is a handful; and each round is one small product of matrices.
    """
    count = tf.shape(boxes)[1]
    better = tf.range(count)[None, :] < tf.range(count)[:, None]
    close = (overlaps(boxes, boxes) > max_overlap) & better[None]
    if classes is not None:
        close &= tf.equal(classes[:, :, None], classes[:, None, :])
    pushes = tf.cast(close, tf.float32)

    def settle(kept: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        pushed = tf.linalg.matvec(pushes, tf.cast(kept, tf.float32)) > 0.0
        following = eligible & ~pushed
        return following, tf.reduce_any(tf.not_equal(following, kept))

    changing = tf.constant(True)
    kept, _ = tf.while_loop(lambda _, changing: changing, settle, [eligible, changing])
    return kept


def overlaps(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union, [..., A, B], of each of `a` [..., A, 4] with each of `b`."""
    # Sides apart: an operation whose last dimension is a pair takes several times as long.
    top, left, bottom, right = tf.unstack(a[..., :, None, :], axis=-1)
    tops, lefts, bottoms, rights = tf.unstack(b[..., None, :, :], axis=-1)
    height = tf.maximum(tf.minimum(bottom, bottoms) - tf.maximum(top, tops), 0.0)
    width = tf.maximum(tf.minimum(right, rights) - tf.maximum(left, lefts), 0.0)
    both = height * width
    either = _area(a)[..., :, None] + _area(b)[..., None, :] - both
    return both / tf.maximum(either, 1e-9)


def _area(boxes: Tensor) -> Tensor:
    return tf.reduce_prod(tf.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1)
