"""Guess which tensors of a TensorFlow 1 training graph are the outputs of inference."""

from __future__ import annotations

import re
from typing import Any

from export.contract import CLASS_SCORES, DETECTION, Tensor

_TRAINING = re.compile(
    r"(^|/)(gradients|save|report_uninitialized\w*|\w*Optimizer|optimizers?|\w*Initializer|"
    r"ExponentialMovingAverage|Adam|Momentum|train|training|summar\w*|metrics?|accuracy|"
    r"\w*loss\w*|regularizers?)(_\d+)?(/|$)",
    re.IGNORECASE,
)
_TRAINING_OPS = re.compile(
    r"(Assign|Apply[A-Z]|Switch|Merge|Enter|Exit|.*Summary|.*CrossEntropy|L2)"
)
_STATE_OPS = re.compile(r"(Const|Variable|VarHandle|ReadVariable|Placeholder|Iterator|.*Queue)")
_SOURCES = re.compile(r"(Placeholder|Iterator|OneShotIterator|.*Queue.*Dequeue|.*Dequeue)")
_ACTIVATIONS = ("Softmax", "Sigmoid")
_HINT = re.compile(r"prob|predict|output|logit|softmax|sigmoid|box|score|class|detection|embed")


def likely_outputs(graph: Any) -> list[str]:
    """Return tensors that inference could want, the most likely first, with their shapes.

    These are softmax and sigmoid outputs, box-like shapes, and tensors that lead nowhere except to
    losses, gradients, optimizers and summaries.
    """
    reachable = _reachable(graph)
    scores = {}
    for position, operation in enumerate(graph.get_operations()):
        if operation in reachable and not _is_training(operation):
            for tensor in operation.outputs:
                score = _score(tensor)
                if score > 1:
                    scores[f"{tensor.name} {_shape_text(tensor)}"] = (score, position)
    return sorted(scores, key=lambda name: scores[name], reverse=True)


def ends_of_inference(graph: Any) -> list[Tensor]:
    """Return the tensors that depend on an input and that nothing else in the graph uses."""
    reachable = _reachable(graph)
    return [
        tensor
        for operation in graph.get_operations()
        if operation in reachable and not _is_training(operation)
        for tensor in operation.outputs
        if not any(one.consumers() for one in operation.outputs)
    ]


def _reachable(graph: Any) -> set[Any]:
    """Return the operations that depend on an input; all if the graph has no input."""
    operations = graph.get_operations()
    waiting = [one for one in operations if _SOURCES.match(one.type)]
    if not waiting:
        return set(operations)
    seen = set(waiting)
    while waiting:
        for tensor in waiting.pop().outputs:
            new = [one for one in tensor.consumers() if one not in seen]
            seen.update(new)
            waiting += new
    return seen


def _is_training(operation: Any) -> bool:
    return bool(
        _TRAINING.search(operation.name)
        or _TRAINING_OPS.match(operation.type)
        or _STATE_OPS.match(operation.type)
    )


def _score(tensor: Tensor) -> int:
    """Rate a tensor: 0 for impossible, above 1 for possible outputs."""
    rank = tensor.shape.rank
    if not tensor.dtype.is_floating or rank == 0:
        return 0
    name = tensor.op.name.rpartition("/")[2].lower()
    is_end = not any(_continues(operation) for operation in tensor.consumers())
    is_flat = rank is None or rank <= 3
    score = 2 if is_end else 0
    score += 4 if name in (*DETECTION, *CLASS_SCORES) else 0
    score += 3 if is_flat and tensor.op.type in _ACTIVATIONS else 0
    score += 2 if is_end and rank in (3, 4) and tensor.shape[-1] == 4 else 0
    return score + (1 if score and _HINT.search(name) else 0)


def _continues(operation: Any) -> bool:
    """Return whether inference goes on in this operation, not only a loss or an optimizer."""
    if _is_training(operation):
        return False
    return any(tensor.shape.rank != 0 for tensor in operation.outputs)


def _shape_text(tensor: Tensor) -> str:
    if tensor.shape.rank is None:
        return "[...]"
    return f"[{','.join('?' if size is None else str(size) for size in tensor.shape)}]"
