"""How much of a result an answer takes."""

from __future__ import annotations

from server.core.answers import (
    Answer,
    Classification,
    DenseMap,
    Detections,
    Embedding,
    Poses,
    Segmentation,
    Tensor,
)

MAX_BYTES = 2**20
"""How much a second model may say about all boxes of a frame together, as ``size_of`` counts."""

_FLOAT, _INTEGER = 9, 3


def size_of(answer: Answer) -> int:
    """Return about how many bytes an answer takes in msgpack; JSON takes up to four times that."""
    if isinstance(answer, Detections):
        masks = answer.masks.runs if answer.masks else ()
        floats = 5 if answer.corners is None else 13
        return len(answer.scores) * (floats * _FLOAT + _INTEGER) + sum(map(len, masks)) * _INTEGER
    if isinstance(answer, Classification):
        return len(answer.scores) * (_FLOAT + _INTEGER)
    if isinstance(answer, Poses):
        return sum(len(points) + 1 for points in answer.keypoints) * _FLOAT
    if isinstance(answer, Segmentation):
        return len(answer.runs) * _INTEGER
    if isinstance(answer, Embedding):
        return len(answer.vector) * _FLOAT
    if isinstance(answer, DenseMap):
        return len(answer.levels)
    return sum(map(_size_of_tensor, answer.outputs.values()))


def _size_of_tensor(tensor: Tensor) -> int:
    if isinstance(tensor.data, bytes):
        return len(tensor.data)
    return sum(len(text.encode()) + _INTEGER for text in tensor.data)
