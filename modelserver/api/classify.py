"""Classify: tf.Examples in, labels and scores out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow_serving.apis import classification_pb2

from modelserver.api import examples
from modelserver.api.examples import Binding
from modelserver.codec import dtypes
from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.model import Model
from modelserver.status import invalid

API = "Classify"
METHOD = "tensorflow/serving/classify"
_INPUT, _CLASSES, _SCORES = "inputs", "classes", "scores"


def classify(model: Model, request: Any, deadline: Deadline) -> Any:
    """Answer a ClassificationRequest with a ClassificationResponse."""
    signature = examples.find_signature(model, request.model_spec.signature_name)
    count, outputs = examples.run(model, [bind(signature)], request.input, deadline, API)
    response = classification_pb2.ClassificationResponse()
    examples.name_version(response.model_spec, model, request.model_spec)
    fill(signature, count, outputs, response.result)
    return response


def bind(signature: Any) -> Binding:
    """Return the tensors of a classification signature.

    Raise ``ServingError`` with INVALID_ARGUMENT if it is not one.
    """
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if _INPUT not in signature.inputs:
        raise invalid(f"No classification inputs found in SignatureDef: {signature}")
    names = tuple(
        signature.outputs[alias].name for alias in (_CLASSES, _SCORES) if alias in signature.outputs
    )
    if not names:
        raise invalid(
            "Expected classification signature outputs to contain at least one of "
            f'"{_CLASSES}" or "{_SCORES}". Signature was: {signature}'
        )
    return Binding(signature.inputs[_INPUT].name, names)


def fill(signature: Any, count: int, outputs: Mapping[str, Array], result: Any) -> None:
    """Write the outputs of ``count`` examples to a ClassificationResult."""
    classes = _output(signature, _CLASSES, outputs)
    scores = _output(signature, _SCORES, outputs)
    if classes is not None:
        _check(classes, "classes", np.dtype(object), count)
    if scores is not None:
        _check(scores, "scores", np.dtype(np.float32), count)
    if classes is not None and scores is not None and classes.shape[1] != scores.shape[1]:
        raise invalid(
            "Tensors class and score should match in dim_size(1). "
            f"Got {classes.shape[1]} vs. {scores.shape[1]}"
        )
    for index in range(count):
        entry = result.classifications.add()
        labels = None if classes is None else classes[index].tolist()
        numbers = None if scores is None else scores[index].tolist()
        for column in range(len(labels if labels is not None else numbers or ())):
            one = entry.classes.add()
            if labels is not None:
                one.label = _text(labels[column])
            if numbers is not None:
                one.score = numbers[column]


def _output(signature: Any, alias: str, outputs: Mapping[str, Array]) -> Array | None:
    return outputs[signature.outputs[alias].name] if alias in signature.outputs else None


def _check(array: Array, alias: str, dtype: np.dtype[Any], count: int) -> None:
    if array.ndim != 2:
        raise invalid(
            f"Expected Tensor shape: [batch_size num_classes] but got {examples.shape(array)}"
        )
    if array.dtype != dtype:
        expected = dtypes.type_name(dtype)
        raise invalid(
            f"Expected {alias} Tensor of {expected}. Got: {dtypes.type_name(array.dtype)}"
        )
    if len(array) != count:
        raise invalid(f"Expected {alias} output batch size of {count}. Got: {len(array)}")


def _text(label: bytes) -> str:
    """Decode a label: protobuf strings must be UTF-8, so other bytes are replaced."""
    return label.decode(errors="replace")
