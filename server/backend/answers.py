"""Split a Predict response into one answer per frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from server.backend.classification import classifications
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
from server.backend.densemap import dense_maps
from server.backend.detection import detections
from server.backend.embedding import embeddings
from server.backend.keypoints import poses
from server.backend.pixels import Placement
from server.backend.segmentation import segmentations
from server.backend.stubs import tensor_pb2
from server.backend.tensors import to_numpy
from server.core.answers import Answer, Tensor, Tensors
from server.core.errors import ModelFailed

Arrays = Mapping[str, np.ndarray[Any, Any]]
Protos = Mapping[str, tensor_pb2.TensorProto]


def arrays(tensors: Protos) -> dict[str, np.ndarray[Any, Any]]:
    """Return all outputs of a response. Raises ModelFailed if one is malformed."""
    return {name: to_numpy(name, tensor) for name, tensor in tensors.items()}


def split(
    outputs: Outputs,
    tensors: Protos,
    rows: int,
    placements: Sequence[Placement] | None = None,
) -> Sequence[Answer]:
    """Return one answer for each of the ``rows`` sent, from a response's ``tensors``.

    ``placements`` are the frames' positions in the model's input if they do not fill it.
    Raises ModelFailed if an output is missing or malformed, or has another number of rows.
    """
    for name in outputs.aliases:
        if name not in tensors:
            raise ModelFailed(f"the model server did not return the output {name!r}")
    if isinstance(outputs, DetectionOutputs):
        return detections(outputs, tensors, rows, placements)
    _check_rows(outputs, tensors, rows)
    if isinstance(outputs, ClassificationOutputs):
        return classifications(outputs, arrays(tensors))
    if isinstance(outputs, KeypointOutputs):
        return poses(outputs, arrays(tensors), rows, placements)
    if isinstance(outputs, SegmentationOutputs):
        return segmentations(outputs, arrays(tensors), rows, placements)
    if isinstance(outputs, EmbeddingOutputs):
        return embeddings(outputs, arrays(tensors))
    if isinstance(outputs, MapOutputs):
        return dense_maps(outputs, arrays(tensors), rows, placements)
    return _tensors(outputs, arrays(tensors), rows)


def _check_rows(outputs: Outputs, tensors: Protos, rows: int) -> None:
    shared = outputs.shared if isinstance(outputs, TensorOutputs) else frozenset()
    for name, tensor in tensors.items():
        dims = tensor.tensor_shape.dim
        if name not in shared and (not dims or dims[0].size != rows):
            shape = [dim.size for dim in dims]
            raise ModelFailed(f"output {name!r} has shape {shape} for a batch of {rows}")


def _tensors(outputs: TensorOutputs, tensors: Arrays, rows: int) -> list[Tensors]:
    return [
        Tensors(
            {
                name: _tensor(values if name in outputs.shared else values[row])
                for name, values in tensors.items()
            }
        )
        for row in range(rows)
    ]


def _tensor(values: Any) -> Tensor:
    if isinstance(values, bytes):  # one string per row
        return Tensor("string", (), [values.decode("utf-8", "replace")])
    if values.dtype == object:
        strings = [value.decode("utf-8", "replace") for value in values.reshape(-1)]
        return Tensor("string", values.shape, strings)
    return Tensor(values.dtype.name, values.shape, values.tobytes())
