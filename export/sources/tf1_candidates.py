"""Guess which tensors of a TensorFlow 1 training graph are the outputs of inference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from export.contract import CLASS_SCORES, DETECTION, Tensor

_TRAINING = re.compile(
    r"(^|/)(gradients|save|report_uninitialized\w*|\w*Optimizer|optimizers?|\w*Initializer|"
    r"ExponentialMovingAverage|Adam|Momentum|train|training|summar\w*|metrics?|accuracy|"
    r"\w*loss\w*|\w*cross_entropy\w*|regularizers?)(_\d+)?(/|$)",
    re.IGNORECASE,
)
_TRAINING_OPS = re.compile(
    r"(Assign|Apply[A-Z]|Switch|Merge|Enter|Exit|.*Summary|.*CrossEntropy|L2)"
)
_STATE_OPS = re.compile(r"(Const|Variable|VarHandle|ReadVariable|Placeholder|Iterator|.*Queue)")
_SOURCES = re.compile(r"(Placeholder|Iterator|OneShotIterator|.*Queue.*Dequeue|.*Dequeue)")
_ACTIVATIONS = ("Softmax", "Sigmoid")
_LOGITS = 3
_HINT = re.compile(r"prob|predict|output|logit|softmax|sigmoid|box|score|class|detection|embed")


def likely_outputs(graph: Any) -> list[str]:
    """Return tensors that inference could want, the most likely first, with their shapes.

    These are softmax and sigmoid outputs, box-like shapes, and tensors that lead nowhere except to
    what depends on labels, and to losses, gradients, optimizers and summaries. A detector's
    scores follow its boxes if they have the same rows.
    """
    inference = _inference(graph)
    tensors = [
        (_score(tensor, inference), position, tensor)
        for position, operation in enumerate(graph.get_operations())
        if operation in inference
        for tensor in operation.outputs
    ]
    found = [candidate for candidate in tensors if candidate[0] > 1]
    boxes = {_rows(tensor) for _, _, tensor in found if _is_boxes(tensor)}
    if not boxes:
        logits = _compared_with_labels(graph)
        found = [candidate for candidate in found if candidate[2].name not in logits]
        found += [(max(rated, _LOGITS), at, t) for rated, at, t in tensors if t.name in logits]

    def rank(candidate: tuple[int, int, Tensor]) -> tuple[int, int]:
        score, position, tensor = candidate
        beside_boxes = not _is_boxes(tensor) and _rows(tensor) in boxes
        return score + 2 * beside_boxes, position

    ranked = sorted(found, key=rank, reverse=True)
    return [f"{tensor.name} {_shape_text(tensor)}" for _, _, tensor in ranked]


def _compared_with_labels(graph: Any) -> set[str]:
    """Return the names of the tensors whose difference from the labels is the loss.

    TensorFlow reshapes them on the way.
    """
    losses = [one for one in graph.get_operations() if one.type.endswith("CrossEntropyWithLogits")]
    found = [operation.inputs[0] for operation in losses]
    for number, tensor in enumerate(found):
        while tensor.op.type == "Reshape":
            tensor = tensor.op.inputs[0]
        found[number] = tensor
    return {tensor.name for tensor in found}


def ends_of_inference(graph: Any) -> list[Tensor]:
    """Return the tensors that depend on an input and that nothing else in the graph uses."""
    inference = _inference(graph)
    return [
        tensor
        for operation in graph.get_operations()
        if operation in inference and not any(one.consumers() for one in operation.outputs)
        for tensor in operation.outputs
        if not (tensor.dtype == tf.bool and tensor.shape.rank == 0)  # a branch's condition
    ]


def looks_like_images(tensor: Tensor) -> bool:
    """Return whether a tensor can be a batch of images ``[N, H, W, 1 or 3]``, or unknown."""
    rank = tensor.shape.rank
    is_image = rank is None or (rank == 4 and tensor.shape[-1] in (None, 1, 3))
    return is_image and (tensor.dtype.is_floating or tensor.dtype == tf.uint8)


def likely_images(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the tensors that are images, as far as their shapes are known: batches before single
    images ``[H, W, 1 or 3]``, and both before tensors of which nothing is known."""
    pixels = [one for one in tensors if one.dtype.is_floating or one.dtype == tf.uint8]
    for fits in (_is_batch, _is_one_image, lambda one: one.shape.rank is None):
        found = [one for one in pixels if fits(one)]
        if found:
            return found
    return []


def _is_batch(tensor: Tensor) -> bool:
    return tensor.shape.rank == 4 and tensor.shape[-1] in (None, 1, 3)


def _is_one_image(tensor: Tensor) -> bool:
    """Return whether a tensor is ``[H, W, 1 or 3]``; ``[N, D, 3]`` are points."""
    shape = tensor.shape
    return shape.rank == 3 and shape[2] in (1, 3) and (shape[0] is None) == (shape[1] is None)


def _looks_like_labels(tensor: Tensor) -> bool:
    return tensor.shape.rank in (1, 2) and tensor.op.type != "PlaceholderWithDefault"


def _inference(graph: Any) -> set[Any]:
    """Return the operations that depend on an input but on no labels, and are not for training."""
    operations = graph.get_operations()
    inputs = [out for one in operations if _SOURCES.match(one.type) for out in one.outputs]
    images = likely_images(inputs)
    has_batch = bool(images) and not _is_one_image(images[0])  # as labels have one
    labels = [tensor for tensor in inputs if has_batch and _looks_like_labels(tensor)]
    reachable = dependents(images or inputs) if inputs else set(operations)
    return {one for one in reachable - dependents(labels) if not _is_training(one)}


def dependents(tensors: list[Tensor]) -> set[Any]:
    """Return the operations that depend on one of the tensors."""
    seen: set[Any] = set()
    waiting = list(tensors)
    while waiting:
        new = [one for one in waiting.pop().consumers() if one not in seen]
        seen.update(new)
        waiting += [out for one in new for out in one.outputs]
    return seen


def _is_training(operation: Any) -> bool:
    return bool(
        _TRAINING.search(operation.name)
        or _TRAINING_OPS.match(operation.type)
        or _STATE_OPS.match(operation.type)
    )


def _score(tensor: Tensor, inference: set[Any]) -> int:
    """Rate a tensor: 0 for impossible, above 1 for possible outputs."""
    rank = tensor.shape.rank
    if not tensor.dtype.is_floating or rank == 0 or (rank == 4 and looks_like_images(tensor)):
        return 0
    if tensor.value_index and tensor.op.type.startswith("FusedBatchNorm"):
        return 0  # its statistics
    if rank == 1 and tensor.shape[0] is not None and tensor.op.type not in _ACTIVATIONS:
        return 0  # one value for each channel
    name = tensor.op.name.rpartition("/")[2].lower()
    is_end = not any(
        operation in inference and _continues(operation) for operation in tensor.consumers()
    )
    is_flat = rank is None or rank <= 3
    score = 2 if is_end else 0
    score += 4 if name in (*DETECTION, *CLASS_SCORES) else 0
    score += 3 if is_flat and tensor.op.type in _ACTIVATIONS and not _is_joined(tensor) else 0
    score += 2 if is_end and _is_boxes(tensor) else 0
    return score + (1 if score and _HINT.search(name) else 0)


def _is_boxes(tensor: Tensor) -> bool:
    return tensor.shape.rank in (3, 4) and tensor.shape[-1] == 4


def _rows(tensor: Tensor) -> tuple[int | None, ...] | None:
    """Return a tensor's shape without its columns; None for what has no rows."""
    rank = tensor.shape.rank
    return tuple(tensor.shape[:-1].as_list()) if rank in (3, 4) else None


def _is_joined(tensor: Tensor) -> bool:
    """Return whether a tensor is only a part, such as one feature map's, of another one."""
    consumers = [one for one in tensor.consumers() if not _is_training(one)]
    return bool(consumers) and all(one.type in ("Concat", "ConcatV2") for one in consumers)


def _continues(operation: Any) -> bool:
    """Return whether inference goes on after this operation, rather than a loss being computed."""
    return any(tensor.shape.rank != 0 for tensor in operation.outputs)


def _shape_text(tensor: Tensor) -> str:
    if tensor.shape.rank is None:
        return "[...]"
    return f"[{','.join('?' if size is None else str(size) for size in tensor.shape)}]"
