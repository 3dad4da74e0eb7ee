"""SSD as Keras programs train it: one output that carries its anchors and variances.

``[N, A, 4 + C + 8]``: offsets and scores in either order, then the anchor, then the four variances.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from export.detectors import anchor_file
from export.detectors.anchors import Anchors, Coding
from export.detectors.decoder import Size
from export.detectors.heads import Heads
from export.detectors.options import DecodeOptions
from export.tasks.task import Probe

_FEWEST_COLUMNS = 4 + 2 + 8
_TOLERANCE = 1e-3


def own_anchors(probe: Probe, options: DecodeOptions, size: Size) -> tuple[Heads, Anchors] | None:
    """Return heads and anchors if one output has both; otherwise None.

    Anchors and variances are the columns that are the same for all images. Scores are recognized
    by adding up to 1.
    """
    tables = [name for name, value in probe.items() if _carries_anchors(value)]
    if len(tables) != 1:
        return None
    [name] = tables
    rows = probe[name].astype(np.float32)
    heads = _heads(name, rows)
    if heads is None:
        return None
    order = options.anchor_order or _order(rows[0, :, -8:-4])
    boxes = anchor_file.standard(rows[0, :, -8:-4].astype(np.float64), order, size)
    coding = Coding("cxcywh", tuple(map(float, rows[0, 0, -4:])))
    if options.offset_order is not None:
        coding = replace(coding, order=options.offset_order)
    return heads, Anchors(f"{name} itself ({order})", boxes, coding)


def _carries_anchors(value: np.ndarray) -> bool:
    if value.ndim != 3 or value.shape[2] < _FEWEST_COLUMNS or value.dtype.kind != "f":
        return False
    constants, variances = value[..., -8:], value[..., -4:]
    same = bool((constants == constants[:1]).all() and (variances == variances[:1, :1]).all())
    return same and bool((variances > 0).all() and (variances <= 1).all())


def _heads(name: str, rows: np.ndarray) -> Heads | None:
    columns = rows.shape[2] - 12
    for scores_at, boxes_at in ((0, columns), (4, 0)):
        sums = rows[..., scores_at : scores_at + columns].sum(axis=-1)
        if np.abs(sums - 1).max() < _TOLERANCE:
            return Heads((name,), (name,), columns, rows.shape[1], boxes_at, scores_at)
    return None


def _order(anchors: np.ndarray) -> str:
    """Return whether anchors are corners or centers: centers lie beyond most sizes."""
    return "xyxy" if bool((anchors[:, 2:] >= anchors[:, :2]).all()) else "cxcywh"
