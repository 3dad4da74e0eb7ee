"""Read anchors from a file: boxes, or a JSON object that says how to generate them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from export.detectors.decoder import Size
from export.errors import SourceError
from framewire import textfile

ORDERS = ("cxcywh", "cycxhw", "xyxy", "yxyx")
_LARGEST_NORMALIZED = 4.0


def read(path: Path) -> np.ndarray | dict[str, Any]:
    """Return boxes ``[A, 4]`` in the file's order and units, or the JSON object.

    The file is NumPy's ``.npy``, JSON, or text with commas or spaces (``.csv``, ``.txt``). Boxes
    may also be four rows (``[4, A]``), as in TensorFlow Lite's ``box_priors.txt``. Raise
    ``SourceError``.
    """
    try:
        content = _content(path)
        if isinstance(content, dict):
            return content
        boxes = np.asarray(content, np.float64)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise SourceError(f"{path} does not contain anchors: {error}") from None
    return _by_row(path, boxes)


def standard(boxes: np.ndarray, order: str, size: Size) -> np.ndarray:
    """Convert boxes ``[A, 4]`` to center y, center x, height, width in 0..1: float32.

    ``order``: one of ``ORDERS``. Boxes beyond 0..1 are pixels of an input of ``size``.
    """
    if order in ("cxcywh", "xyxy"):
        boxes = boxes[:, [1, 0, 3, 2]]
    if order in ("xyxy", "yxyx"):
        low, high = boxes[:, :2], boxes[:, 2:]
        boxes = np.concatenate([(low + high) / 2, high - low], axis=-1)
    if np.abs(boxes).max() > _LARGEST_NORMALIZED:
        boxes = boxes / np.array([*size, *size], np.float64)
    return boxes.astype(np.float32)


def _content(path: Path) -> Any:
    if path.suffix.lower() == ".npy":
        return np.load(path, allow_pickle=False)
    text = textfile.read(path)
    if path.suffix.lower() == ".json":
        return json.loads(text)
    rows = [line.replace(",", " ").split() for line in text.splitlines()]
    return [[float(value) for value in row] for row in rows if row and row[0][0] != "#"]


def _by_row(path: Path, boxes: np.ndarray) -> np.ndarray:
    if boxes.ndim == 2 and boxes.shape[0] == 4 and boxes.shape[1] != 4:
        boxes = boxes.T
    if boxes.ndim > 2 and boxes.shape[-1] == 4:
        boxes = boxes.reshape(-1, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not len(boxes):
        raise SourceError(f"{path} holds {list(boxes.shape)} instead of anchors [A,4]")
    if not np.isfinite(boxes).all():
        raise SourceError(f"{path} contains anchors that are not finite")
    return boxes
