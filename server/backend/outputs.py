"""Recognize a signature's outputs: of which task they are, and under which names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import get_args

from server.backend.boxmasks import MAX_PIXELS
from server.backend.contract import (
    ClassificationOutputs,
    DetectionOutputs,
    EmbeddingOutputs,
    KeypointOutputs,
    MapOutputs,
    Outputs,
    SegmentationOutputs,
    TensorOutputs,
)
from server.backend.description import Description
from server.backend.labels import NO_LIMIT, Labels
from server.backend.signature import Signature, TensorSpec
from server.backend.stubs import types_pb2
from server.backend.tensors import is_numeric
from server.core.model import Task

TASK_ORDER: tuple[Task, ...] = get_args(Task)
_IMPLIED: tuple[Task, ...] = ("detection", "classification", "tensors")
"""What names of outputs imply. Only a description makes them anything else, so that a model that
has none stays what its clients know."""
_NEEDED: Mapping[Task, str] = {
    "keypoints": "keypoints",
    "segmentation": "class_map",
    "embedding": "embedding",
    "map": "dense_map",
}
"""The output that a description of a task promises."""
_MASKS, _CORNERS = "detection_masks", "detection_corners"
_SCORES = ("probabilities", "scores", "logits")
_FLOATS = (
    types_pb2.DT_FLOAT,
    types_pb2.DT_DOUBLE,
    types_pb2.DT_HALF,
    types_pb2.DT_BFLOAT16,
)


def outputs_of(signature: Signature, description: Description, labels: Labels) -> Outputs | None:
    """Return the signature's outputs, of the described task if there is one."""
    tasks = _IMPLIED if description.task is None else (description.task,)
    found = (_outputs_of(task, signature, description, labels) for task in tasks)
    return next((outputs for outputs in found if outputs is not None), None)


def missing(signature: Signature, description: Description) -> str | None:
    """Return which output the description promises and a signature lacks, or None."""
    needed = description.task and _NEEDED.get(description.task)
    purpose: str | None = description.task
    if description.masks and _MASKS not in signature.outputs:
        needed, purpose = _MASKS, "masks"
    elif not needed or _alias(needed, signature) is not None:
        return None
    returned = ", ".join(sorted(signature.outputs)) or "nothing"
    return f"for {purpose} it must return {needed!r}, not {returned}"


def _outputs_of(
    task: Task, signature: Signature, description: Description, labels: Labels
) -> Outputs | None:
    if task == "detection":
        return _detection(signature, description)
    if task == "classification":
        return _classification(signature, description, labels)
    if task in _NEEDED:
        return _described(task, signature, description)
    shared = (alias for alias, spec in signature.outputs.items() if spec.shape == ())
    return TensorOutputs(frozenset(shared)) if signature.outputs else None


def _detection(signature: Signature, description: Description) -> DetectionOutputs | None:
    needed = ("detection_boxes", "detection_scores", "detection_classes")
    if any(name not in signature.outputs for name in needed):
        return None
    count = "num_detections" if "num_detections" in signature.outputs else None
    first = 1 if description.first_class is None else description.first_class
    masks = _MASKS if _has_masks(signature, description) else None
    corners = _CORNERS if _has_corners(signature) else None
    classes = len(description.labels) or NO_LIMIT
    return DetectionOutputs(*needed, count, first, classes, masks, corners)


def _has_masks(signature: Signature, description: Description) -> bool:
    """Return whether masks are served: as described, otherwise if they look like the contract's.

    What only has their name must not make a model unusable that has been serving boxes.
    """
    spec = signature.outputs.get(_MASKS)
    if spec is None or description.masks is not None:
        return bool(spec and description.masks)
    shape = spec.shape or ()
    if not is_numeric(spec.dtype) or spec.encoding or len(shape) != 4:
        return False
    boxes = signature.outputs["detection_boxes"].shape or ()
    belong = len(boxes) != 3 or None in (boxes[1], shape[1]) or boxes[1] == shape[1]
    return belong and math.prod(size or 1 for size in shape[1:]) <= MAX_PIXELS


def _has_corners(signature: Signature) -> bool:
    """Return whether corners are served, which no description mentions: if they look like it."""
    spec = signature.outputs.get(_CORNERS)
    if spec is None or not is_numeric(spec.dtype) or spec.encoding:
        return False
    return spec.shape is not None and len(spec.shape) == 4 and spec.shape[2:] == (4, 2)


def _classification(
    signature: Signature, description: Description, labels: Labels
) -> ClassificationOutputs | None:
    scores = _scores_alias(signature, description)
    if scores is None:
        return None
    classes = "classes" if "classes" in signature.outputs else None
    first = description.first_class or 0
    count = len(description.labels) or NO_LIMIT
    return ClassificationOutputs(
        scores, classes, scores == "logits", first, labels, count, description.multi_label
    )


def _scores_alias(signature: Signature, description: Description) -> str | None:
    """Return the alias of the output with a score per class, [N,C].

    If the description says that the model is a classifier, its only output may have any
    name: Keras names it after its layer.
    """
    fitting = [alias for alias, spec in signature.outputs.items() if _holds_scores(spec)]
    for alias in _SCORES:
        if alias in fitting:
            return alias
    alone = len(signature.outputs) == 1 and description.task == "classification"
    return fitting[0] if alone and fitting else None


def _holds_scores(spec: TensorSpec) -> bool:
    return spec.dtype in _FLOATS and (spec.shape is None or len(spec.shape) == 2)


def _described(task: Task, signature: Signature, description: Description) -> Outputs | None:
    """Return the outputs of a task that only a description implies."""
    alias = _alias(_NEEDED[task], signature)
    if alias is None:
        return None
    count = len(description.labels)
    if task == "keypoints":
        scores = "pose_scores" if "pose_scores" in signature.outputs else None
        joined = 1 + max((max(edge) for edge in description.skeleton), default=-1)
        return KeypointOutputs(alias, scores, count, joined)
    if task == "segmentation":
        return SegmentationOutputs(alias, description.first_class or 0, count or NO_LIMIT)
    return EmbeddingOutputs(alias) if task == "embedding" else MapOutputs(alias)


def _alias(name: str, signature: Signature) -> str | None:
    """Return ``name`` if the signature has it, otherwise its only output, whatever its name."""
    if name in signature.outputs:
        return name
    return next(iter(signature.outputs)) if len(signature.outputs) == 1 else None
