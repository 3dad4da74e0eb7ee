"""Non-maximum suppression in the graph."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from export.contract import BOXES, CLASSES, COUNT, SCORES, Outputs, Tensor
from export.tasks.boxes import overlaps

_CANDIDATES = 4
"""How many candidates are considered by default, best first, as a multiple of ``max_boxes``."""


def suppress(
    boxes: Tensor, eligible: Tensor, max_overlap: float, classes: Tensor | None = None
) -> Tensor:
    """Apply greedy non-maximum suppression to a whole batch at once.

    ``boxes``: float32 ``[N, K, 4]``, best first. ``eligible``: bool ``[N, K]``. ``classes``:
    ``[N, K]`` if boxes only suppress boxes of their own class. Return bool ``[N, K]``.

    A box is kept if no better box that is kept overlaps it. Applied to all boxes repeatedly, this
    rule converges after as many rounds as the longest chain of boxes that suppress each other:
    usually a handful, and each round is one small matrix product.
    """
    count = tf.shape(boxes)[1]
    better = tf.range(count)[None, :] < tf.range(count)[:, None]
    rivals = (overlaps(boxes, boxes) > max_overlap) & better[None]
    if classes is not None:
        rivals &= tf.equal(classes[:, :, None], classes[:, None, :])
    suppresses = tf.cast(rivals, tf.float32)

    def settle(kept: Tensor, _: Tensor) -> tuple[Tensor, Tensor]:
        suppressed = tf.linalg.matvec(suppresses, tf.cast(kept, tf.float32)) > 0.0
        following = eligible & ~suppressed
        return following, tf.reduce_any(tf.not_equal(following, kept))

    changing = tf.constant(True)
    kept, _ = tf.while_loop(lambda _, changing: changing, settle, [eligible, changing])
    return kept


def best_boxes(
    boxes: Tensor, scores: Tensor, classes: Tensor, kept: Tensor, max_boxes: int
) -> Outputs:
    """Return the contract's outputs: the kept boxes, best first, padded with zeros.

    ``boxes``: ``[N, K, 4]``. ``scores``, ``classes``, ``kept``: ``[N, K]``.
    """
    scores, order = tf.math.top_k(tf.where(kept, scores, 0.0), max_boxes)
    valid = tf.cast(scores > 0.0, tf.float32)
    return {
        BOXES: tf.gather(boxes, order, batch_dims=1) * valid[..., None],
        SCORES: scores,
        CLASSES: tf.gather(classes, order, batch_dims=1) * valid,
        COUNT: tf.reduce_sum(valid, axis=1),
    }


@dataclass(frozen=True)
class Suppression:
    """Suppression for a detector that has none of its own.

    Of boxes of one class that overlap by more than ``max_overlap`` (intersection over union) only
    the best is kept. At most ``max_boxes`` remain, none with a score below ``min_score``.
    ``candidates``: how many pairs of box and class are considered, best first; by default four
    times ``max_boxes``.
    """

    max_overlap: float
    min_score: float
    max_boxes: int
    candidates: int | None = None

    def __call__(self, boxes: Tensor, scores: Tensor, classes: Tensor | None) -> Outputs:
        """Return the contract's outputs, padded with zeros to ``max_boxes``.

        ``boxes``: ``[N, A, 4]``. ``scores``: ``[N, A, C]`` with a column for each class and
        ``classes`` None, or ``[N, A]`` with ``classes`` ``[N, A]``, None if there is one class.
        """
        boxes, scores, classes = self._candidates(boxes, scores, classes)
        kept = suppress(boxes, scores >= self.min_score, self.max_overlap, classes)
        return best_boxes(boxes, scores, classes, kept, self.max_boxes)

    def _candidates(
        self, boxes: Tensor, scores: Tensor, classes: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the best pairs of box and class: ``[N, K, 4]``, scores and classes ``[N, K]``."""
        columns = 1
        if scores.shape.rank == 3:
            columns = tf.shape(scores)[2]
            scores = tf.reshape(scores, [tf.shape(scores)[0], -1])
        # Pad, so that there are always enough for the output.
        scores = tf.pad(scores, [[0, 0], [0, self.max_boxes]])
        wanted = self.candidates or self.max_boxes * _CANDIDATES
        count = tf.minimum(tf.shape(scores)[1], wanted)
        scores, order = tf.math.top_k(scores, count)
        at = tf.minimum(order // columns, tf.shape(boxes)[1] - 1)
        if classes is None:
            chosen = tf.cast(order % columns, tf.float32)
        else:
            chosen = tf.gather(tf.cast(classes, tf.float32), at, batch_dims=1)
        return tf.gather(boxes, at, batch_dims=1), scores, chosen
