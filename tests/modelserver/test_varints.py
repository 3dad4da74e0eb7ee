"""Vectorized varints, compared with protobuf's own parser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tensorflow.core.framework import tensor_pb2

from modelserver.codec import encode, varints

FIELDS = {"int_val": "i4", "int64_val": "i8", "uint32_val": "u4", "uint64_val": "u8"}


def read(field: str, packed: Any) -> list[int]:
    """What protobuf reads from a packed field."""
    number = tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name[field].number
    head = varints.one(number << 3 | 2) + varints.one(len(packed))
    return list(getattr(tensor_pb2.TensorProto.FromString(head + bytes(packed)), field))


def limits(dtype: str) -> list[int]:
    info = np.iinfo(dtype)
    steps = {2 ** (7 * n) for n in range(10)} | {2 ** (7 * n) - 1 for n in range(10)}
    return sorted({info.min, info.max, *(n for n in steps if n <= info.max)})


@pytest.mark.parametrize(("field", "dtype"), FIELDS.items())
def test_every_width(field: str, dtype: str) -> None:
    for number in limits(dtype):
        values = np.array([number, 0, 1], dtype)
        assert read(field, varints.pack(values)) == values.tolist()


@pytest.mark.parametrize(("field", "dtype"), FIELDS.items())
@given(data=st.data())
def test_any_numbers(field: str, dtype: str, data: Any) -> None:
    values = data.draw(arrays.arrays(np.dtype(dtype), st.integers(1, 40)))
    assert read(field, varints.pack(values)) == values.tolist()


@pytest.mark.parametrize("number", limits("u8"))
def test_a_single_value_takes_as_few_bytes_as_possible(number: int) -> None:
    packed = varints.one(number)
    assert read("uint64_val", packed) == [number]
    assert len(packed) == max(1, -(-number.bit_length() // 7))


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"])
def test_tensorflow_reads_whole_tensors(dtype: str) -> None:
    """TensorFlow's own parser is the C++ one; protobuf's in Python is another."""
    values = np.array(limits(dtype), dtype)
    serialized = b"".join(encode.tensor(values))
    np.testing.assert_array_equal(tf.io.parse_tensor(serialized, values.dtype), values)


def test_small_numbers_take_one_byte_each() -> None:
    assert len(varints.pack(np.arange(128, dtype=np.int32))) == 128
    assert len(varints.pack(np.arange(256, dtype=np.int32))) == 512
