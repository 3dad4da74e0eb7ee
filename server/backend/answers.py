"""A Predict response -> one answer for each frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from server.backend.classification import classifications
from server.backend.contract import (
    ClassificationOutputs,
    DetectionOutputs,
    Outputs,
    TensorOutputs,
)
from server.backend.detection import detections
from server.backend.pixels import Placement
from server.backend.stubs import tensor_pb2
from server.backend.tensors import to_numpy
from server.core.answers import Answer, Tensor, Tensors
from server.core.errors import ModelFailed

Arrays = Mapping[str, np.ndarray[Any, Any]]
Protos = Mapping[str, tensor_pb2.TensorProto]


def arrays(found: Protos) -> dict[str, np.ndarray[Any, Any]]:
    """All outputs of a response. Raises ModelFailed for one that is broken."""
    return {name: to_numpy(name, tensor) for name, tensor in found.items()}


def split(
    outputs: Outputs,
    found: Protos,
    rows: int,
    placements: Sequence[Placement] | None = None,
) -> Sequence[Answer]:
    """One answer for each of the ``rows`` that were sent, from a response's outputs.

    ``placements`` says where the frames lay in the model's input, if not all over
    it. Raises ModelFailed if an output is missing or broken, or has other rows than
    were sent.
    """
    for name in outputs.aliases:
        if name not in found:
            raise ModelFailed(f"the model server left out the output {name!r}")
    if isinstance(outputs, DetectionOutputs):
        return detections(outputs, found, rows, placements)
    _check_rows(outputs, found, rows)
    if isinstance(outputs, ClassificationOutputs):
        return classifications(outputs, arrays(found))
    return _tensors(outputs, arrays(found), rows)


def _check_rows(outputs: Outputs, found: Protos, rows: int) -> None:
    shared = outputs.shared if isinstance(outputs, TensorOutputs) else frozenset()
    for name, tensor in found.items():
        dims = tensor.tensor_shape.dim
        if name not in shared and (not dims or dims[0].size != rows):
            shape = [dim.size for dim in dims]
            raise ModelFailed(f"output {name!r} has shape {shape} for a batch of {rows}")


def _tensors(outputs: TensorOutputs, found: Arrays, rows: int) -> list[Tensors]:
    return [
        Tensors(
            {
                name: _tensor(values if name in outputs.shared else values[row])
                for name, values in found.items()
            }
        )
        for row in range(rows)
    ]


def _tensor(values: Any) -> Tensor:
    if isinstance(values, bytes):  # one string a row
        return Tensor("string", (), [values.decode("utf-8", "replace")])
    if values.dtype == object:
        strings = [value.decode("utf-8", "replace") for value in values.reshape(-1)]
        return Tensor("string", values.shape, strings)
    return Tensor(values.dtype.name, values.shape, values.tobytes())
