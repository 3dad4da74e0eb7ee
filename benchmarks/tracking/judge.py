"""HOTA, IDF1 and id switches, by TrackEval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from trackeval.metrics import CLEAR, HOTA, Identity

from benchmarks.tracking.detector import Frame
from benchmarks.tracking.trackers_compared import Ids

_METRICS = {
    "hota": HOTA(),
    "clear": CLEAR({"PRINT_CONFIG": False}),
    "identity": Identity({"PRINT_CONFIG": False}),
}


@dataclass(frozen=True)
class Score:
    """HOTA and IDF1 in percent, id switches, and the number of true boxes."""

    hota: float
    idf1: float
    switches: int
    boxes: int


def judge(sequences: Sequence[tuple[Sequence[Frame], list[Ids]]]) -> Score:
    """Return the scores of a tracker over all sequences together."""
    results: dict[str, dict[str, Any]] = {name: {} for name in _METRICS}
    for number, (frames, ids) in enumerate(sequences):
        data = _data(frames, ids)
        for name, metric in _METRICS.items():
            results[name][str(number)] = metric.eval_sequence(data)
    total = {name: m.combine_sequences(results[name]) for name, m in _METRICS.items()}
    return Score(
        100 * float(np.mean(total["hota"]["HOTA"])),
        100 * float(total["identity"]["IDF1"]),
        int(total["clear"]["IDSW"]),
        sum(len(frame.truth) for frames, _ in sequences for frame in frames),
    )


def _data(frames: Sequence[Frame], ids: list[Ids]) -> dict[str, Any]:
    """Return a sequence as TrackEval wants it, with ids that count from 0."""
    true_ids: dict[int, int] = {}
    given_ids: dict[int, int] = {}
    gt, given, similarity = [], [], []
    for frame, pairs in zip(frames, ids, strict=True):
        gt.append(np.array([true_ids.setdefault(t.id, len(true_ids)) for t in frame.truth], int))
        given.append(np.array([given_ids.setdefault(n, len(given_ids)) for _, n in pairs], int))
        truth = np.array([t.box for t in frame.truth]).reshape(-1, 4)
        boxes = np.array([frame.boxes[i] for i, _ in pairs]).reshape(-1, 4)
        similarity.append(_iou(truth, boxes))
    return {
        "num_timesteps": len(frames),
        "num_gt_dets": sum(map(len, gt)),
        "num_tracker_dets": sum(map(len, given)),
        "num_gt_ids": len(true_ids),
        "num_tracker_ids": len(given_ids),
        "gt_ids": gt,
        "tracker_ids": given,
        "similarity_scores": similarity,
    }


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the intersections over unions of boxes ``[N, 4]`` and ``[M, 4]`` as ``[N, M]``."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    union = areas[0][:, None] + areas[1][None] - common
    ious: np.ndarray = common / np.maximum(union, 1e-12)
    return ious
