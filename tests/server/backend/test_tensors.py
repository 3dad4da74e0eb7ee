"""Every form in which a model server may send a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from server.backend.stubs import tensor_pb2, types_pb2
from server.backend.tensors import dtype_name, to_numpy
from server.core.errors import ModelFailed


def proto(dtype: int, shape: tuple[int, ...], **fields: Any) -> tensor_pb2.TensorProto:
    tensor = tensor_pb2.TensorProto(dtype=dtype, **fields)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


HALF_BITS = np.array([1.5, -2.0], np.float16).view(np.uint16).tolist()
BFLOAT_BITS = (np.array([1.5, -2.0], np.float32).view(np.uint32) >> 16).tolist()


@pytest.mark.parametrize(
    ("dtype", "name", "values"),
    [
        ("DT_FLOAT", "float_val", [1.5, -2.0]),
        ("DT_DOUBLE", "double_val", [1.5, -2.0]),
        ("DT_INT8", "int_val", [-1, 2]),
        ("DT_INT16", "int_val", [-1, 2]),
        ("DT_INT32", "int_val", [-1, 2]),
        ("DT_INT64", "int64_val", [-1, 2**40]),
        ("DT_UINT8", "int_val", [1, 255]),
        ("DT_UINT16", "int_val", [1, 65535]),
        ("DT_UINT32", "uint32_val", [1, 2**32 - 1]),
        ("DT_UINT64", "uint64_val", [1, 2**64 - 1]),
        ("DT_BOOL", "bool_val", [True, False]),
    ],
)
def test_typed_field_and_content_say_the_same(dtype: str, name: str, values: list[Any]) -> None:
    number = types_pb2.DataType.Value(dtype)
    array = to_numpy("x", proto(number, (2,), **{name: values}))
    assert array.tolist() == values
    assert array.dtype.name == dtype_name(number)
    content = to_numpy("x", proto(number, (2,), tensor_content=array.tobytes()))
    assert content.tolist() == values
    assert content.dtype == array.dtype


@pytest.mark.parametrize(
    ("dtype", "bits"), [(types_pb2.DT_HALF, HALF_BITS), (types_pb2.DT_BFLOAT16, BFLOAT_BITS)]
)
def test_half_widths_travel_as_bits(dtype: int, bits: list[int]) -> None:
    assert to_numpy("x", proto(dtype, (2,), half_val=bits)).tolist() == [1.5, -2.0]
    content = np.array(bits, np.uint16).tobytes()
    assert to_numpy("x", proto(dtype, (2,), tensor_content=content)).tolist() == [1.5, -2.0]


def test_strings_as_values_and_as_content() -> None:
    strings = [b"", b"abc", b"x" * 300]
    typed = to_numpy("x", proto(types_pb2.DT_STRING, (3, 1), string_val=strings))
    # All lengths as varints, then all bytes.
    packed = b"\x00\x03\xac\x02" + b"".join(strings)
    content = to_numpy("x", proto(types_pb2.DT_STRING, (3, 1), tensor_content=packed))
    for array in (typed, content):
        assert array.shape == (3, 1)
        assert array.reshape(-1).tolist() == strings


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2], [1, 2, 2, 2]), ([], [0, 0, 0, 0]), ([1, 2, 3, 4, 5], [1, 2, 3, 4])],
)
def test_too_few_repeat_the_last_and_excess_is_ignored(
    values: list[int], expected: list[int]
) -> None:
    array = to_numpy("x", proto(types_pb2.DT_INT64, (2, 2), int64_val=values))
    assert array.reshape(-1).tolist() == expected


def test_too_few_strings_repeat_the_last() -> None:
    assert to_numpy("x", proto(types_pb2.DT_STRING, (2,), string_val=[b"a"])).tolist() == [b"a"] * 2
    assert to_numpy("x", proto(types_pb2.DT_STRING, (2,))).tolist() == [b"", b""]


def test_scalar_and_empty() -> None:
    assert to_numpy("x", proto(types_pb2.DT_FLOAT, (), float_val=[2.5])).item() == 2.5
    assert to_numpy("x", proto(types_pb2.DT_FLOAT, (0, 4))).shape == (0, 4)


@pytest.mark.parametrize(
    "tensor",
    [
        proto(types_pb2.DT_FLOAT, (3,), tensor_content=b"12345678"),
        proto(types_pb2.DT_FLOAT, (-1,), float_val=[1.0]),
        proto(types_pb2.DT_FLOAT, (2**20, 2**20), float_val=[1.0]),
        proto(types_pb2.DT_STRING, (3,), tensor_content=b"\x01"),
        proto(types_pb2.DT_STRING, (2,), tensor_content=b"\x01\x01abc"),
        proto(types_pb2.DT_COMPLEX64, (1,), scomplex_val=[1.0, 2.0]),
    ],
)
def test_what_does_not_fit_fails_by_name(tensor: tensor_pb2.TensorProto) -> None:
    with pytest.raises(ModelFailed, match="'boxes'"):
        to_numpy("boxes", tensor)
