"""The demo model's answers: arrays of a batch -> one object per picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Answer = dict[str, Any]

MAX_BATCH = 16


def load(folder: str) -> Callable[[Sequence[bytes]], list[Answer]]:
    """Load the SavedModel into this process. Returns a function from JPEGs to their answers."""
    import tensorflow as tf

    model = tf.saved_model.load(folder)

    def predict(pictures: Sequence[bytes]) -> list[Answer]:
        outputs = model.signatures["serving_default"](image=tf.constant(list(pictures)))
        return answers({name: tensor.numpy() for name, tensor in outputs.items()})

    return predict


def answers(outputs: Mapping[str, Any]) -> list[Answer]:
    """Return the boxes of each picture from arrays ``[N, K, ...]``."""
    counts = outputs["num_detections"].astype(int).tolist()
    return [
        {
            "boxes": outputs["detection_boxes"][row, :count].tolist(),
            "scores": outputs["detection_scores"][row, :count].tolist(),
            "classes": outputs["detection_classes"][row, :count].tolist(),
        }
        for row, count in enumerate(counts)
    ]
