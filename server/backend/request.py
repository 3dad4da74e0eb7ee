"""Write PredictRequests as the pieces of their bytes, which are never joined."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from server.backend.contract import Contract
from server.backend.serialized import Pieces, field, pixel_tensor, string_tensor
from server.backend.stubs import model_pb2, predict_pb2
from server.core.model import Lane, ModelKey

_INPUTS = predict_pb2.PredictRequest.INPUTS_FIELD_NUMBER
# An entry of a protobuf map is a message of these two fields.
_KEY, _VALUE = 1, 2


def model_spec(key: ModelKey, signature: str = "") -> model_pb2.ModelSpec:
    """Return TF Serving's name for a model: by label, by version, or the newest."""
    spec = model_pb2.ModelSpec(name=key.name, signature_name=signature)
    if key.label is not None:
        spec.version_label = key.label
    elif key.version is not None:
        spec.version.value = key.version
    return spec


def without_inputs(key: ModelKey, signature: str) -> Pieces:
    """Return a request for a signature without inputs."""
    request = predict_pb2.PredictRequest(model_spec=model_spec(key, signature))
    return [request.SerializeToString()]


def of_pictures(lane: Lane, contract: Contract, pictures: Sequence[bytes]) -> Pieces:
    """Return a request with encoded pictures, one per row."""
    if contract.input.rows is not None:
        pictures = [*pictures, *[pictures[-1]] * _missing(contract, len(pictures))]
    return _request(lane, contract, string_tensor(pictures))


def of_pixels(lane: Lane, contract: Contract, pixels: np.ndarray[Any, Any]) -> Pieces:
    """Return a request with pixels [N,H,W,C]."""
    missing = _missing(contract, len(pixels))
    if missing:
        pixels = np.concatenate([pixels, np.repeat(pixels[-1:], missing, axis=0)])
    return _request(lane, contract, pixel_tensor(pixels))


def _missing(contract: Contract, count: int) -> int:
    """Return how many rows a fixed batch dimension needs beyond ``count``."""
    return max(0, (contract.input.rows or 0) - count)


def _request(lane: Lane, contract: Contract, tensor: Pieces) -> Pieces:
    entry = [_key(contract.input.alias), *field(_VALUE, tensor)]
    return [_head(lane, contract.outputs.aliases), *field(_INPUTS, entry)]


@lru_cache(maxsize=256)
def _key(alias: str) -> bytes:
    return b"".join(field(_KEY, [alias.encode()]))


@lru_cache(maxsize=256)  # the same for every batch of a lane
def _head(lane: Lane, aliases: tuple[str, ...]) -> bytes:
    """Return all but the input. Only the outputs in use are requested: a detector's raw
    outputs are larger than its pictures."""
    head = predict_pb2.PredictRequest(
        model_spec=model_spec(lane.model, lane.signature), output_filter=aliases
    )
    encoded: bytes = head.SerializeToString()
    return encoded
