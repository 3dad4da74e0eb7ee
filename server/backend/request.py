"""PredictRequests, ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from server.backend.contract import Contract
from server.backend.stubs import model_pb2, predict_pb2, tensor_pb2
from server.backend.tensors import write_pixels, write_strings
from server.core.model import Lane, ModelKey


def model_spec(key: ModelKey, signature: str = "") -> model_pb2.ModelSpec:
    """A model as TF Serving wants it named: by label, by version, or the newest."""
    spec = model_pb2.ModelSpec(name=key.name, signature_name=signature)
    if key.label is not None:
        spec.version_label = key.label
    elif key.version is not None:
        spec.version.value = key.version
    return spec


def without_inputs(key: ModelKey, signature: str) -> predict_pb2.PredictRequest:
    """A call of a signature that takes nothing."""
    return predict_pb2.PredictRequest(model_spec=model_spec(key, signature))


def of_pictures(
    lane: Lane, contract: Contract, pictures: Sequence[bytes]
) -> predict_pb2.PredictRequest:
    """Encoded pictures, one a row."""
    padding = [pictures[-1]] * _missing(contract, len(pictures))
    request, tensor = _request(lane, contract)
    write_strings(tensor, [*pictures, *padding])
    return request


def of_pixels(
    lane: Lane, contract: Contract, pixels: np.ndarray[Any, Any]
) -> predict_pb2.PredictRequest:
    """Pixels [N,H,W,C]."""
    missing = _missing(contract, len(pixels))
    if missing:
        pixels = np.concatenate([pixels, np.repeat(pixels[-1:], missing, axis=0)])
    request, tensor = _request(lane, contract)
    write_pixels(tensor, pixels)
    return request


def _missing(contract: Contract, count: int) -> int:
    """How many rows a fixed batch dimension wants beyond ``count``."""
    return max(0, (contract.input.rows or 0) - count)


def _request(
    lane: Lane, contract: Contract
) -> tuple[predict_pb2.PredictRequest, tensor_pb2.TensorProto]:
    """A request and its one tensor, still empty; filled in place, it is copied but once."""
    request = predict_pb2.PredictRequest(
        model_spec=model_spec(lane.model, lane.signature),
        # Only what is used: a detector's raw outputs are larger than its pictures.
        output_filter=contract.outputs.aliases,
    )
    return request, request.inputs[contract.input.alias]
