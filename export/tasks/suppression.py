"""Non-maximum suppression in the graph."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from export.contract import BOXES, CLASSES, COUNT, SCORES, Outputs, Tensor
from export.tasks.boxes import overlaps
from export.tasks.corners import around, corners_iou

_CANDIDATES = 1024
"""How many candidates are considered at most, best first; at least as many as are kept."""


def suppress(
    boxes: Tensor,
    eligible: Tensor,
    max_overlap: float,
    classes: Tensor | None = None,
    corners: Tensor | None = None,
) -> Tensor:
    """Apply greedy non-maximum suppression to a whole batch at once.

    ``boxes``: float32 ``[N, K, 4]``, best first. ``eligible``: bool ``[N, K]``. ``classes``:
    ``[N, K]`` if boxes only suppress boxes of their own class. ``corners``: float32
    ``[N, K, 4, 2]`` if boxes are rotated; what counts is how these overlap. Return bool ``[N, K]``.

    A box is kept if no better box that is kept overlaps it. Applied to all boxes repeatedly, this
    rule converges after as many rounds as the longest chain of boxes that suppress each other:
    usually a handful, and each round is one small matrix product.
    """
    count = tf.shape(boxes)[1]
    better = tf.range(count)[None, :] < tf.range(count)[:, None]
    rivals = better[None]
    if classes is not None:
        rivals &= tf.equal(classes[:, :, None], classes[:, None, :])
    if corners is None:
        rivals &= overlaps(boxes, boxes) > max_overlap
    else:
        rivals &= eligible[:, :, None] & eligible[:, None, :]
        rivals = _overlapping(rivals, corners, max_overlap)
    suppresses = tf.cast(rivals, tf.float32)

    def settle(kept: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        suppressed = tf.linalg.matvec(suppresses, tf.cast(kept, tf.float32)) > 0.0
        following = tf.ensure_shape(eligible & ~suppressed, eligible.shape)  # for the loop
        return following, tf.reduce_any(tf.not_equal(following, kept))

    changing = tf.constant(True)
    kept, _ = tf.while_loop(lambda _, changing: changing, settle, [eligible, changing])
    return kept


def _overlapping(pairs: Tensor, corners: Tensor, max_overlap: float) -> Tensor:
    """Return which pairs of rotated boxes overlap by more: bool ``[N, K, K]``.

    Only ``pairs`` of the same shape are looked at. The upright boxes tell most of them apart.
    """
    upright = around(corners)
    places = tf.where(pairs & (overlaps(upright, upright) > 0.0))
    a, b = (tf.gather_nd(corners, tf.gather(places, [0, side], axis=1)) for side in (1, 2))
    found = tf.boolean_mask(places, corners_iou(a, b) > max_overlap)
    marks = tf.ones([tf.shape(found)[0]], tf.int32)
    return tf.scatter_nd(found, marks, tf.shape(pairs, tf.int64)) > 0


def picked(values: Tensor, rows: Tensor) -> Tensor:
    """Return the rows ``[N, M]`` of ``values`` ``[N, K, ...]``; zeros if ``K`` is 0."""
    if not values.shape[1]:  # open, so it may be 0
        rest = [[0, 0]] * (values.shape.rank - 2)
        values = tf.pad(values, [[0, 0], [0, 1], *rest])
    return tf.gather(values, rows, batch_dims=1)


@dataclass(frozen=True)
class Suppression:
    """Suppression for a detector that has none of its own.

    Of boxes of one class that overlap by more than ``max_overlap`` (intersection over union) only
    the best is kept. At most ``max_boxes`` remain, none with a score below ``min_score``.
    ``candidates``: how many pairs of box and class are considered, best first; None: 1024, or
    ``max_boxes`` if these are more. ``agnostic``: boxes also suppress boxes of other classes.
    """

    max_overlap: float
    min_score: float
    max_boxes: int
    candidates: int | None = None
    agnostic: bool = False

    def __call__(self, boxes: Tensor, scores: Tensor, classes: Tensor | None) -> Outputs:
        """Return the contract's outputs, padded with zeros to ``max_boxes``.

        ``boxes``: ``[N, A, 4]``. ``scores``: ``[N, A, C]`` with a column for each class and
        ``classes`` None, or ``[N, A]`` with ``classes`` ``[N, A]``, None if there is one class.
        """
        return self.with_rows(boxes, scores, classes)[0]

    def with_rows(
        self,
        boxes: Tensor,
        scores: Tensor,
        classes: Tensor | None,
        corners: Tensor | None = None,
    ) -> tuple[Outputs, Tensor]:
        """Do the same, and also return which of ``boxes`` each one was: int32 ``[N, max_boxes]``.

        Beyond the number of boxes, these are arbitrary. ``corners``: ``[N, A, 4, 2]`` if boxes are
        rotated, which then overlap as far as the rotated ones do.
        """
        pairs, scores, classes, rows = self._candidates(boxes, scores, classes)
        eligible, rivals = scores >= self.min_score, None if self.agnostic else classes
        rotated = None if corners is None else picked(corners, rows)
        kept = suppress(pairs, eligible, self.max_overlap, rivals, rotated)
        best, order = tf.math.top_k(tf.where(kept, scores, 0.0), self.max_boxes)
        valid = tf.cast(best > 0.0, tf.float32)
        outputs = {
            BOXES: tf.gather(pairs, order, batch_dims=1) * valid[..., None],
            SCORES: best,
            CLASSES: tf.gather(classes, order, batch_dims=1) * valid,
            COUNT: tf.reduce_sum(valid, axis=1),
        }
        return outputs, tf.gather(rows, order, batch_dims=1)

    def _candidates(
        self, boxes: Tensor, scores: Tensor, classes: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the best pairs of box and class: boxes ``[N, K, 4]``, their scores, their classes
        and their numbers, each ``[N, K]``."""
        columns = 1
        if scores.shape.rank == 3:
            columns = tf.shape(scores)[2]
            scores = tf.reshape(scores, [tf.shape(scores)[0], -1])
        # Pad, so that there are always enough for the output.
        scores = tf.pad(scores, [[0, 0], [0, self.max_boxes]])
        scores, order = tf.math.top_k(scores, self._count(scores))
        rows = tf.minimum(order // columns, tf.maximum(tf.shape(boxes)[1] - 1, 0))
        if classes is None:
            chosen = tf.cast(order % columns, tf.float32)
        else:
            chosen = picked(tf.cast(classes, tf.float32), rows)
        return picked(boxes, rows), scores, chosen, rows

    def _count(self, scores: Tensor) -> Tensor:
        """Return how many candidates of ``[N, K]`` are considered."""
        if self.candidates is not None:
            return tf.minimum(tf.shape(scores)[1], self.candidates)
        eligible = tf.reduce_sum(tf.cast(scores >= self.min_score, tf.int32), axis=1)
        most = max(_CANDIDATES, self.max_boxes)
        return tf.clip_by_value(tf.reduce_max(eligible), self.max_boxes, most)
