"""Non-maximum suppression for a detector that has none of its own, in the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from demomodel.decoding import suppress

Tensor = Any

_CANDIDATES = 4
"""How many times `max_boxes` are looked at, the best first."""


@dataclass(frozen=True)
class Suppression:
    """Of boxes of one class that overlap by more than `max_overlap` (intersection over union) the
    best stays; `max_boxes` in all, none below `min_score`."""

    max_overlap: float
    min_score: float
    max_boxes: int

    def __call__(self, boxes: Tensor, scores: Tensor, classes: Tensor | None) -> dict[str, Tensor]:
        """The contract's four outputs, padded with zeros to `max_boxes`.

        boxes: [N, A, 4]; scores: [N, A, C] with a column for each class, then classes is None; or
        [N, A] with the boxes' classes [N, A], None if there is but one class.
        """
        boxes, scores, classes = self._candidates(boxes, scores, classes)
        kept = suppress(boxes, scores >= self.min_score, self.max_overlap, classes)
        scores, order = tf.math.top_k(tf.where(kept, scores, 0.0), self.max_boxes)
        real = tf.cast(scores > 0.0, tf.float32)
        return {
            "detection_boxes": tf.gather(boxes, order, batch_dims=1) * real[..., None],
            "detection_scores": scores,
            "detection_classes": tf.gather(classes, order, batch_dims=1) * real,
            "num_detections": tf.reduce_sum(real, axis=1),
        }

    def _candidates(
        self, boxes: Tensor, scores: Tensor, classes: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The best pairs of box and class: boxes [N, K, 4], scores and classes [N, K]."""
        columns = 1
        if scores.shape.rank == 3:
            columns = tf.shape(scores)[2]
            scores = tf.reshape(scores, [tf.shape(scores)[0], -1])
        # Enough of them, whatever the model gives, for the padded list that goes out.
        scores = tf.pad(scores, [[0, 0], [0, self.max_boxes]])
        count = tf.minimum(tf.shape(scores)[1], self.max_boxes * _CANDIDATES)
        scores, order = tf.math.top_k(scores, count)
        at = tf.minimum(order // columns, tf.shape(boxes)[1] - 1)
        if classes is None:
            found = tf.cast(order % columns, tf.float32)
        else:
            found = tf.gather(tf.cast(classes, tf.float32), at, batch_dims=1)
        return tf.gather(boxes, at, batch_dims=1), scores, found
