"""A version's outputs for one image -> the fields of a ``result``, as the gateway sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from export.contract import (
    BOXES,
    CLASS_MAP,
    CLASS_SCORES,
    CLASSES,
    CORNERS,
    COUNT,
    DENSE_MAP,
    EMBEDDING,
    MASKS,
    POSE_SCORES,
    POSES,
    SCORED_CLASSES,
    SCORES,
)
from export.tasks.boxmasks import refitted
from export.verification.golden import Row
from framewire.agreement import Answer

TOP = 100
MAX_PIXELS = 2**16

Description = Mapping[str, Any]


def answer(row: Row, description: Description) -> Answer:
    """Return the answer for one image. ``description`` is that of the version."""
    fields = _BY_TASK.get(description["task"], _tensors)(row, description)
    labels = list(description["labels"])
    if "names" in fields:  # classes that the model calls by name
        names = fields.pop("names")
        labels += [name for name in dict.fromkeys(names) if name not in labels]
        fields["classes"] = [labels.index(name) for name in names]
    return Answer(fields, labels)


def _detections(row: Row, description: Description) -> dict[str, Any]:
    count = int(row[COUNT]) if COUNT in row else len(row[SCORES])
    scores = row[SCORES][:count].astype(np.float64)
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > 0]
    drawn = row[BOXES][:count].astype(np.float64)[order]
    boxes = np.clip(drawn, 0.0, 1.0)
    classes = np.rint(row[CLASSES][:count])[order].astype(int) - (description["first_class"] or 0)
    fields: dict[str, Any] = {
        "boxes": boxes[:, [1, 0, 3, 2]].tolist(),
        "scores": scores[order].tolist(),
        "classes": classes.tolist(),
    }
    if CORNERS in row and row[CORNERS].shape[1:] == (4, 2):
        corners = row[CORNERS][:count].astype(np.float64)[order][..., ::-1]
        fields["corners"] = corners.reshape(len(order), 8).tolist()
    if MASKS in row and description.get("masks", row[MASKS].ndim == 3):
        fields["box_masks"] = _box_masks(row[MASKS][:count][order][:TOP], drawn[:TOP], boxes[:TOP])
    return fields


def _box_masks(masks: np.ndarray, drawn: np.ndarray, boxes: np.ndarray) -> dict[str, Any]:
    """Return masks ``[K, h, w]`` that fill the boxes ``drawn`` as those of what is left of them."""
    inside = masks >= 0.5
    if len(inside) and (drawn != boxes).any():
        parts = (drawn[None].astype(np.float32), boxes[None].astype(np.float32))
        inside = refitted(inside[None], *parts).numpy()[0]
    height, width = masks.shape[1:]
    return {"width": width, "height": height, "runs": [_runs(one.reshape(-1)) for one in inside]}


def _runs(inside: np.ndarray) -> list[int]:
    """Return how many values are false, then true, and so on."""
    changes = np.flatnonzero(np.diff(inside, prepend=False))
    runs: list[int] = np.diff(changes, prepend=0, append=inside.size).tolist()
    return runs


def _classification(row: Row, description: Description) -> dict[str, Any]:
    [name] = [name for name in CLASS_SCORES if name in row]
    scores = row[name].astype(np.float64)
    if name == "logits":
        scores = _probabilities(scores, bool(description.get("multi_label")))
    order = np.argsort(-scores, kind="stable")[:TOP]
    fields: dict[str, Any] = {"scores": scores[order].tolist()}
    classes = row.get(SCORED_CLASSES)
    if classes is None or classes.shape != scores.shape:
        return {**fields, "classes": order.tolist()}
    if classes.dtype.kind in "iuf":
        numbers = np.rint(classes[order]).astype(int) - (description["first_class"] or 0)
        return {**fields, "classes": numbers.tolist()}
    return {**fields, "names": [_text(one) for one in classes[order]]}


def _probabilities(logits: np.ndarray, multi_label: bool) -> np.ndarray:
    if multi_label or len(logits) == 1:
        return np.asarray(1 / (1 + np.exp(-logits)))
    powers = np.exp(logits - logits.max(initial=-np.inf))
    return np.asarray(powers / powers.sum())


def _poses(row: Row, description: Description) -> dict[str, Any]:
    points = row[POSES].astype(np.float64)
    scores = row[POSE_SCORES] if POSE_SCORES in row else points[..., 2].mean(axis=1)
    valid = np.flatnonzero(scores > 0)
    order = valid[np.argsort(-scores[valid], kind="stable")][:TOP]
    flat = points[order][..., [1, 0, 2]].reshape(len(order), -1)
    return {"keypoints": flat.tolist(), "scores": scores[order].tolist()}


def _segmentation(row: Row, description: Description) -> dict[str, Any]:
    pixels = row[CLASS_MAP]
    flat = pixels.reshape(-1).astype(np.int64) - (description["first_class"] or 0)
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1, flat.size)
    runs = np.stack([flat[ends - 1], np.diff(ends, prepend=0)], axis=1).reshape(-1)
    height, width = pixels.shape
    return {"masks": {"width": width, "height": height, "runs": runs.tolist()}}


def _embedding(row: Row, description: Description) -> dict[str, Any]:
    return {"embedding": row[EMBEDDING].astype(np.float64).tolist()}


def _dense_map(row: Row, description: Description) -> dict[str, Any]:
    step, values = 1, row[DENSE_MAP].astype(np.float64)
    while values[::step, ::step].size > MAX_PIXELS:
        step *= 2
    values = np.nan_to_num(values[::step, ::step])
    low, high = float(values.min()), float(values.max())
    levels = np.rint(255 * (values - low) / ((high - low) or 1.0)).astype(np.uint8)
    height, width = values.shape
    field = {"width": width, "height": height, "low": low, "high": high}
    return {"map": {**field, "levels": levels.tobytes()}}


def _tensors(row: Row, description: Description) -> dict[str, Any]:
    return {"outputs": {name: _tensor(np.asarray(value)) for name, value in row.items()}}


def _tensor(value: np.ndarray) -> dict[str, Any]:
    if value.dtype == object:
        strings = [_text(one) for one in value.reshape(-1)]
        return {"dtype": "string", "shape": list(value.shape), "data": strings}
    return {"dtype": value.dtype.name, "shape": list(value.shape), "data": value.tobytes()}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


_BY_TASK: dict[str, Callable[[Row, Description], dict[str, Any]]] = {
    "detection": _detections,
    "classification": _classification,
    "keypoints": _poses,
    "segmentation": _segmentation,
    "embedding": _embedding,
    "map": _dense_map,
}
