"""Non-maximum suppression over all anchors of a detector, in the graph.

``tasks.suppression`` considers a few hundred candidates, which is enough for a model that returns
only that many boxes. Of thousands of anchors, hundreds can lie on one object, so here all of them
compete, in TensorFlow's own kernels. These know upright boxes only: of rotated ones, the best
pairs of box and class compete as ``tasks.suppression`` has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from export.contract import BOXES, CLASSES, COUNT, SCORES, Outputs, Tensor
from export.detectors.decoder import Candidates
from export.tasks.suppression import Suppression


@dataclass(frozen=True)
class Limits:
    """Which boxes are kept.

    ``max_overlap``: the largest intersection over union of two boxes that are both kept.
    ``min_score``: scores must exceed it. ``max_boxes``: the most boxes of an image.
    ``agnostic``: boxes also suppress boxes of other classes.
    """

    max_overlap: float = 0.5
    min_score: float = 0.05
    max_boxes: int = 100
    agnostic: bool = False


class Kept(NamedTuple):
    """The boxes that are kept, the best first, padded to ``max_boxes`` (M).

    ``boxes``: ``[N, M, 4]``. ``scores`` and ``classes``: ``[N, M]``. ``counts``: ``[N]``, how many
    are valid. ``rows``: ``[N, M]``, which candidate each box was; None if suppression did not say.
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor
    counts: Tensor
    rows: Tensor | None = None

    def outputs(self) -> Outputs:
        """Return the contract's outputs, padded with zeros."""
        valid = tf.sequence_mask(self.counts, tf.shape(self.scores)[1], tf.float32)
        return {
            BOXES: tf.clip_by_value(self.boxes, 0.0, 1.0) * valid[..., None],
            SCORES: self.scores * valid,
            CLASSES: self.classes * valid,
            COUNT: tf.cast(self.counts, tf.float32),
        }

    def corners(self, candidates: Candidates) -> Tensor:
        """Return the corners of the boxes, padded with zeros: ``[N, M, 4, 2]``."""
        rows = self.rows_of(candidates)
        valid = tf.sequence_mask(self.counts, tf.shape(rows)[1], tf.float32)
        return tf.gather(candidates.corners, rows, batch_dims=1) * valid[..., None, None]

    def rows_of(self, candidates: Candidates) -> Tensor:
        """Return which of the candidates each box was: ``[N, M]``.

        TensorFlow's suppression by class does not say, but copies scores and boxes bit by bit.
        """
        if self.rows is not None:
            return self.rows
        by_class = tf.transpose(candidates.scores, [0, 2, 1])
        scores = tf.gather(by_class, tf.cast(self.classes, tf.int32), batch_dims=1)
        same = tf.equal(scores, self.scores[..., None])
        for side in range(4):
            same &= tf.equal(candidates.boxes[:, None, :, side], self.boxes[..., side, None])
        return tf.argmax(tf.cast(same, tf.int32), axis=-1)


def suppress(candidates: Candidates, limits: Limits) -> Kept:
    """Return what is left after suppression. ``candidates``: with scores ``[N, A, C]``."""
    if candidates.corners is not None:
        return _rotated(candidates, limits)
    return _agnostic(candidates, limits) if limits.agnostic else _by_class(candidates, limits)


def strongest(candidates: Candidates, limits: Limits) -> Kept:
    """Return the boxes with the best scores, without suppression. There must be a candidate."""
    boxes, scores, classes = _one_class_each(candidates)
    rows, counts = best_rows(scores, limits)
    return Kept(*_gathered(rows, boxes, scores, classes), counts, rows)


def best_rows(scores: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
    """Return which rows of ``[N, A]`` have the best scores, int32 ``[N, max_boxes]``, best first.

    Also return how many of them exceed the least score, ``[N]``; the others are arbitrary rows.
    """
    count = tf.shape(scores)[1]
    padded = tf.pad(scores, [[0, 0], [0, tf.maximum(limits.max_boxes - count, 0)]])
    best, rows = tf.math.top_k(padded, limits.max_boxes)
    counts = tf.reduce_sum(tf.cast(best > limits.min_score, tf.int32), axis=1)
    return tf.minimum(rows, tf.maximum(count - 1, 0)), counts


def _rotated(candidates: Candidates, limits: Limits) -> Kept:
    least, most = limits.min_score, limits.max_boxes
    suppression = Suppression(limits.max_overlap, least, most, agnostic=limits.agnostic)
    boxes, scores, classes = candidates.boxes, candidates.scores, None
    if limits.agnostic:
        boxes, scores, classes = _one_class_each(candidates)
    found, rows = suppression.with_rows(boxes, scores, classes, candidates.corners)
    counts = tf.cast(found[COUNT], tf.int32)
    return Kept(found[BOXES], found[SCORES], found[CLASSES], counts, rows)


def _by_class(candidates: Candidates, limits: Limits) -> Kept:
    boxes, scores, classes, counts = tf.image.combined_non_max_suppression(
        candidates.boxes[:, :, None],
        candidates.scores,
        max_output_size_per_class=limits.max_boxes,
        max_total_size=limits.max_boxes,
        iou_threshold=limits.max_overlap,
        score_threshold=limits.min_score,
        clip_boxes=False,
    )
    return Kept(boxes, scores, classes, counts)


def _agnostic(candidates: Candidates, limits: Limits) -> Kept:
    boxes, scores, classes = _one_class_each(candidates)
    rows, counts = kept_boxes(boxes, scores, limits)
    return Kept(*_gathered(rows, boxes, scores, classes), counts, rows)


def _gathered(rows: Tensor, *values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    boxes, scores, classes = (tf.gather(one, rows, batch_dims=1) for one in values)
    return boxes, scores, classes


def kept_boxes(boxes: Tensor, scores: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
    """Return which boxes of each image are kept, int32 ``[N, max_boxes]``, and how many, ``[N]``.

    ``boxes``: ``[N, A, 4]``, of one class. ``scores``: ``[N, A]``. The best come first; beyond the
    number, the first box is repeated.
    """
    kept, counts = tf.map_fn(
        lambda image: _kept(image[0], image[1], limits),
        (boxes, scores),
        fn_output_signature=(tf.TensorSpec([limits.max_boxes], tf.int32), tf.int32),
    )
    return kept, counts


def _one_class_each(candidates: Candidates) -> tuple[Tensor, Tensor, Tensor]:
    """Return boxes, scores and classes of the best class of each box."""
    if candidates.classes is not None:
        return candidates.boxes, candidates.scores, tf.cast(candidates.classes, tf.float32)
    classes = tf.cast(tf.argmax(candidates.scores, axis=-1), tf.float32)
    return candidates.boxes, tf.reduce_max(candidates.scores, axis=-1), classes


def _kept(boxes: Tensor, scores: Tensor, limits: Limits) -> tuple[Tensor, Tensor]:
    """Return which boxes of an image are kept, padded with zeros, and how many."""
    # Its wrapper in tf.image is another, slower implementation.
    kept, count = tf.raw_ops.NonMaxSuppressionV4(
        boxes=boxes,
        scores=scores,
        max_output_size=limits.max_boxes,
        iou_threshold=limits.max_overlap,
        score_threshold=limits.min_score,
        pad_to_max_output_size=True,
    )
    return tf.ensure_shape(kept, [limits.max_boxes]), count
