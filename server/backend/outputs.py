"""Recognize a signature's outputs: of which task they are, and under which names."""

from __future__ import annotations

from server.backend.contract import (
    ClassificationOutputs,
    DetectionOutputs,
    Outputs,
    TensorOutputs,
)
from server.backend.description import Description
from server.backend.labels import NO_LIMIT, Labels
from server.backend.signature import Signature, TensorSpec
from server.backend.stubs import types_pb2
from server.core.model import Task

TASK_ORDER: tuple[Task, ...] = ("detection", "classification", "tensors")
_SCORES = ("probabilities", "scores", "logits")
_FLOATS = (
    types_pb2.DT_FLOAT,
    types_pb2.DT_DOUBLE,
    types_pb2.DT_HALF,
    types_pb2.DT_BFLOAT16,
)


def outputs_of(signature: Signature, description: Description, labels: Labels) -> Outputs | None:
    """Return the signature's outputs, of the described task if there is one."""
    for task in TASK_ORDER:
        if description.task in (None, task):
            outputs = _outputs_of(task, signature, description, labels)
            if outputs is not None:
                return outputs
    return None


def _outputs_of(
    task: Task, signature: Signature, description: Description, labels: Labels
) -> Outputs | None:
    if task == "detection":
        return _detection(signature, description)
    if task == "classification":
        return _classification(signature, description, labels)
    shared = (alias for alias, spec in signature.outputs.items() if spec.shape == ())
    return TensorOutputs(frozenset(shared)) if signature.outputs else None


def _detection(signature: Signature, description: Description) -> DetectionOutputs | None:
    needed = ("detection_boxes", "detection_scores", "detection_classes")
    if any(name not in signature.outputs for name in needed):
        return None
    count = "num_detections" if "num_detections" in signature.outputs else None
    first = 1 if description.first_class is None else description.first_class
    return DetectionOutputs(*needed, count, first, len(description.labels) or NO_LIMIT)


def _classification(
    signature: Signature, description: Description, labels: Labels
) -> ClassificationOutputs | None:
    scores = _scores_alias(signature, description)
    if scores is None:
        return None
    classes = "classes" if "classes" in signature.outputs else None
    first = description.first_class or 0
    return ClassificationOutputs(
        scores, classes, scores == "logits", first, labels, len(description.labels) or NO_LIMIT
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
