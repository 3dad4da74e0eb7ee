"""Requests are written by hand; protobuf must read them as if it had written them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend import request
from server.backend.contract import BytesInput, Contract, PixelsInput, TensorOutputs
from server.backend.description import Scale
from server.backend.serialized import varint
from server.backend.stubs import predict_pb2, types_pb2
from server.backend.tensors import to_numpy
from server.core.model import Lane, ModelKey

RAW = TensorOutputs(frozenset())
PIXELS = PixelsInput("pixels", None, 4, 2, 3)


def read(pieces: list[Any]) -> Any:
    return predict_pb2.PredictRequest.FromString(b"".join(pieces))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20))
def test_pictures_arrive_as_they_came(pictures: list[bytes]) -> None:
    lane = Lane(ModelKey("digits", label="canary"), "serving_default")
    contract = Contract(1, BytesInput("image", None), RAW)
    sent = read(request.of_pictures(lane, contract, pictures))
    assert sent.model_spec.name == "digits"
    assert sent.model_spec.version_label == "canary"
    assert sent.model_spec.signature_name == "serving_default"
    assert list(sent.inputs) == ["image"]
    assert list(sent.inputs["image"].string_val) == pictures
    assert [dim.size for dim in sent.inputs["image"].tensor_shape.dim] == [len(pictures)]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_pixels_arrive_as_they_came(dtype: str) -> None:
    lane = Lane(ModelKey("digits", version=3), "serving_pixels")
    values = np.arange(2 * 2 * 4 * 3).reshape(2, 2, 4, 3).astype(dtype)
    sent = read(request.of_pixels(lane, Contract(3, PIXELS, RAW), values[:, ::-1]))
    assert sent.model_spec.version.value == 3
    assert np.array_equal(to_numpy("pixels", sent.inputs["pixels"]), values[:, ::-1])
    wanted = types_pb2.DT_UINT8 if dtype == "uint8" else types_pb2.DT_FLOAT
    assert sent.inputs["pixels"].dtype == wanted


def test_fixed_batch_is_filled_up() -> None:
    lane = Lane(ModelKey("digits"), "serving_default", 4)
    pictures = read(
        request.of_pictures(lane, Contract(1, BytesInput("image", 4), RAW), [b"a", b"b"])
    )
    assert list(pictures.inputs["image"].string_val) == [b"a", b"b", b"b", b"b"]
    fixed = PixelsInput("pixels", 4, 4, 2, 3, "stretch", Scale((0.0,), (255.0,)))
    pixels = read(
        request.of_pixels(lane, Contract(1, fixed, RAW), np.ones((1, 2, 4, 3), np.float32))
    )
    assert to_numpy("pixels", pixels.inputs["pixels"]).shape == (4, 2, 4, 3)


@given(st.integers(0, 2**63))
def test_varint_is_protobufs(value: int) -> None:
    message = predict_pb2.PredictRequest()
    message.model_spec.version.value = value % 2**63
    number = value % 2**63
    encoded = message.model_spec.version.SerializeToString()
    assert encoded == (b"\x08" + varint(number) if number else b"")
