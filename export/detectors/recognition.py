"""Recognize outputs that would have to be decoded, and suggest how."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from export.detectors import columns
from export.detectors.anchors import presets_with
from export.detectors.centernet import centernet
from export.detectors.columns import ULTRALYTICS
from export.detectors.decoder import Size
from export.detectors.heads import Heads, find_heads
from export.detectors.options import DecodeOptions
from export.detectors.own_anchors import own_anchors
from export.detectors.ultralytics import detections_among
from export.detectors.yolo import yolo_layout
from export.errors import SourceError
from export.tasks.prototypes import prototypes_among
from export.tasks.task import Probe

_KEYPOINTS = 17 * 3
_POSE_COLUMNS = 4 + 1 + _KEYPOINTS
_POSE_HINT = ", or --decode yolo-pose for the keypoints of a person"


def recognize(probe: Probe, size: Size) -> str | None:
    """Return what the outputs look like, and the flags that decode them; None if they do not.

    ``size``: height and width of the model's input.
    """
    for rule in (_detections, _yolo, _end_to_end, _anchored, _centernet):
        found = rule(probe, size)
        if found is not None:
            return f"{found[0]}: to serve boxes, add {found[1]}"
    return None


def _detections(probe: Probe, size: Size) -> tuple[str, str] | None:
    name = detections_among(probe, size)
    if name is None or columns.holds_rows(probe[name]):
        return None
    shape = list(probe[name].shape[1:])
    behind = shape[1] - columns.width(ULTRALYTICS)
    prototypes = prototypes_among(probe, behind)
    masks = f" and the weights of the mask that {prototypes.name} is for" if prototypes else ""
    reason = f"the rows of {name} {shape} look like {', '.join(ULTRALYTICS)}{masks}"
    pose = behind == _KEYPOINTS and prototypes is None
    return reason, "--decode end-to-end" + _POSE_HINT * pose


def _yolo(probe: Probe, size: Size) -> tuple[str, str] | None:
    for name, value in probe.items():
        layout = yolo_layout(value.shape, size)
        if layout is not None:
            form = "YOLOv5" if layout.version == "yolov5" else "YOLOv8 or later"
            strides = ", ".join(map(str, layout.strides))
            shape = list(value.shape[1:])
            flags = "--decode yolo" + _POSE_HINT * (min(value.shape[1:]) == _POSE_COLUMNS)
            prototypes = prototypes_among(probe)
            masks = f", and a mask, made of {prototypes.name}," if prototypes else ""
            has = f"{name} {shape} has a box{masks} for each anchor of {form}"
            return f"{has} (strides {strides})", flags
    return None


def _end_to_end(probe: Probe, size: Size) -> tuple[str, str] | None:
    tables = {name: value for name, value in probe.items() if columns.holds_rows(value)}
    if len(tables) != 1:
        return None
    [(name, rows)] = tables.items()
    fitting = columns.fitting(rows)
    if not fitting:
        return None
    flag = f" --columns {','.join(fitting[0])}" if len(fitting) > 1 else ""
    reason = f"the rows of {name} {list(rows.shape[1:])} look like {', '.join(fitting[0])}"
    return reason, f"--decode end-to-end{flag}"


def _anchored(probe: Probe, size: Size) -> tuple[str, str] | None:
    own = own_anchors(probe, DecodeOptions("ssd"), size)
    if own is not None:
        return f"{own[0].boxes[0]} can be offsets, scores, anchors and variances", "--decode ssd"
    try:
        heads = find_heads(probe)
    except SourceError:
        return None
    presets = presets_with(heads.count, size)
    if not presets:
        return _own_offsets(probe, heads)
    reason = f"{', '.join(heads.boxes)} can be offsets from {heads.count} anchors"
    family = next((one for one in ("retinanet", "efficientdet") if one in presets), "ssd")
    others = f" (others that fit: {', '.join(presets[1:])})" if presets[1:] else ""
    return reason, f"--decode {family} --anchors {presets[0]}{others}"


def _own_offsets(probe: Probe, heads: Heads) -> tuple[str, str] | None:
    """Recognize a row of offsets and one of scores for each anchor; no preset has as many."""
    if len(heads.boxes) > 1 or heads.boxes == heads.scores:
        return None
    [boxes], [scores] = heads.boxes, heads.scores
    ranks = {probe[name].ndim for name in (boxes, scores)}
    if ranks != {3} or probe[boxes].shape[2] != 4 or not np.any(probe[boxes] < 0):
        return None
    reason = (
        f"{boxes} can be offsets from {heads.count} anchors, and {scores} their scores; no preset "
        "has as many"
    )
    return reason, "--decode ssd --anchors FILE, with the anchors that it was trained with"


def _centernet(probe: Probe, size: Size) -> tuple[str, str] | None:
    try:
        found = centernet(probe, replace(DecodeOptions("centernet"), activation="sigmoid"), size)
    except SourceError:
        return None
    return (
        f"{found.heat} and {found.sizes} can be CenterNet's centers and sizes",
        "--decode centernet",
    )
