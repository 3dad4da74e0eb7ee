"""Turn a pose model's outputs into poses of the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from server.backend.contract import KeypointOutputs
from server.backend.pixels import WHOLE, Placement
from server.core.answers import Poses
from server.core.errors import ModelFailed

Array = np.ndarray[Any, Any]

MAX_POSES = 100
MAX_NUMBERS = 30_000
"""Of all points in a result, which bounds its size: about 300 KB."""
_FARTHEST = 1e6


def poses(
    outputs: KeypointOutputs,
    arrays: Mapping[str, Array],
    rows: int,
    placements: Sequence[Placement] | None = None,
) -> list[Poses]:
    """Return one :class:`Poses` per row, best score first, in 0..1 of the frame.

    Poses that score 0 are padding and left out, as are those whose score is not finite. A point
    that is not finite gets a score of 0, so that the others keep their numbers. Raises ModelFailed
    if the shapes do not match each other, the labels or the skeleton.
    """
    points = arrays[outputs.points]
    _check(outputs, points)
    points = _finite(points.astype(np.float64))
    scores = _scores(outputs, arrays, points)
    return [
        _poses(points[row], scores[row], WHOLE if placements is None else placements[row])
        for row in range(rows)
    ]


def _check(outputs: KeypointOutputs, points: Array) -> None:
    if points.ndim != 4 or points.shape[3] != 3 or points.dtype == object:
        shape = list(points.shape)
        raise ModelFailed(f"its output {outputs.points!r} has shape {shape}, not [N,P,K,3]")
    fault = outputs.count_fault(points.shape[2])
    if fault is not None:
        raise ModelFailed(fault)


def _finite(points: Array) -> Array:
    lost = ~(np.abs(points) <= _FARTHEST).all(axis=-1, keepdims=True)  # NaN is in no range
    return np.where(lost, 0.0, points)


def _scores(outputs: KeypointOutputs, arrays: Mapping[str, Array], points: Array) -> Array:
    """Return the score of each pose: its own, otherwise the mean of its points'."""
    if outputs.scores is None:
        return np.asarray(points[..., 2].mean(axis=2))
    scores = arrays[outputs.scores]
    if scores.shape != points.shape[:2] or scores.dtype == object:
        raise ModelFailed(
            f"{outputs.points} {list(points.shape)} and {outputs.scores} {list(scores.shape)} do "
            "not match: there must be a score for each pose"
        )
    return scores.astype(np.float64)


def _poses(points: Array, scores: Array, placement: Placement) -> Poses:
    """Return the poses of one row: ``points`` [P,K,3] with y, x and score, ``scores`` [P]."""
    most = min(MAX_POSES, MAX_NUMBERS // (3 * points.shape[1]))
    valid = np.flatnonzero(np.isfinite(scores) & (scores > 0))
    best = valid[np.argsort(-scores[valid], kind="stable")][:most]
    chosen = points[best]
    x = (chosen[..., 1] - placement.left) / placement.width
    y = (chosen[..., 0] - placement.top) / placement.height
    flat = np.stack([x, y, chosen[..., 2]], axis=-1).reshape(len(best), 3 * points.shape[1])
    return Poses(flat.tolist(), scores[best].tolist())
