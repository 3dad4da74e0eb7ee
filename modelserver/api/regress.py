"""Regress: tf.Examples in, one number for each out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow_serving.apis import regression_pb2

from modelserver.api import examples
from modelserver.api.examples import Binding
from modelserver.codec import dtypes
from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.model import Model
from modelserver.status import invalid

API = "Regress"
METHOD = "tensorflow/serving/regress"
_INPUT, _OUTPUT = "inputs", "outputs"


def regress(model: Model, request: Any, deadline: Deadline) -> Any:
    """Answer a RegressionRequest with a RegressionResponse."""
    signature = examples.find_signature(model, request.model_spec.signature_name)
    count, outputs = examples.run(model, [bind(signature)], request.input, deadline, API)
    response = regression_pb2.RegressionResponse()
    examples.name_version(response.model_spec, model, request.model_spec)
    fill(signature, count, outputs, response.result)
    return response


def bind(signature: Any) -> Binding:
    """Return the tensors of a regression signature.

    Raise ``ServingError`` with INVALID_ARGUMENT if it is not one.
    """
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise invalid("Expected one output Tensor.")
    if _INPUT not in signature.inputs:
        raise invalid(f"No regression inputs found in SignatureDef: {signature}")
    if _OUTPUT not in signature.outputs:
        raise invalid(f"No regression outputs found in SignatureDef: {signature}")
    return Binding(signature.inputs[_INPUT].name, (signature.outputs[_OUTPUT].name,))


def fill(signature: Any, count: int, outputs: Mapping[str, Array], result: Any) -> None:
    """Write the output of ``count`` examples to a RegressionResult."""
    array = outputs[signature.outputs[_OUTPUT].name]
    if not (array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)):
        raise invalid(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] "
            f"but got {examples.shape(array)}"
        )
    if len(array) != count:
        raise invalid(f"Input batch size did not match output batch size: {count} vs. {len(array)}")
    if array.dtype != np.float32:
        raise invalid(f"Expected output Tensor of DT_FLOAT.  Got: {dtypes.type_name(array.dtype)}")
    for value in array.ravel().tolist():
        result.regressions.add().value = value
