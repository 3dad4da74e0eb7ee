"""TensorProto to numpy and back, compared with TensorFlow's own conversions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tensorflow.core.framework import tensor_pb2, types_pb2

from modelserver.codec import decode, encode

NUMBERS = [
    tf.float32, tf.float64, tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32,
    tf.uint64, tf.bool, tf.half, tf.complex64, tf.complex128,
]  # fmt: skip
shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
numeric = st.sampled_from(NUMBERS).flatmap(
    lambda dtype: arrays.arrays(np.dtype(dtype.as_numpy_dtype), shapes)
)
strings = arrays.arrays(object, shapes, elements=st.binary(max_size=300), fill=st.nothing())


def encoded(value: Any, as_content: bool = False) -> Any:
    return tensor_pb2.TensorProto.FromString(b"".join(encode.tensor(value, as_content)))


def typed(dtype: Any, shape: list[int], **values: Any) -> Any:
    shape_proto = tf.TensorShape(shape).as_proto()
    return tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum, tensor_shape=shape_proto, **values)


@given(numeric, st.booleans())
def test_numbers_survive_the_round_trip(array: Any, as_content: bool) -> None:
    proto = encoded(array, as_content)
    for decoded in (decode.tensor(proto), tf.make_ndarray(proto)):
        assert decoded.dtype == array.dtype
        assert decoded.shape == array.shape
        np.testing.assert_array_equal(decoded, array)


@given(numeric)
def test_reads_what_tensorflow_writes(array: Any) -> None:
    decoded = decode.tensor(tf.make_tensor_proto(array))
    assert decoded.dtype == array.dtype
    np.testing.assert_array_equal(decoded, array)


@given(strings, st.booleans())
def test_strings_survive_the_round_trip(array: Any, as_content: bool) -> None:
    decoded = decode.tensor(encoded(array, as_content))
    assert decoded.shape == array.shape
    assert decoded.tolist() == array.tolist()


def test_bfloat16_and_quantized_types() -> None:
    halves = np.array([1.5, -2.0, 3e38], tf.bfloat16.as_numpy_dtype)
    assert encoded(halves).dtype == types_pb2.DT_BFLOAT16
    np.testing.assert_array_equal(decode.tensor(encoded(halves)), halves)
    quantized = np.array([(-5,), (7,)], tf.qint8.as_numpy_dtype)
    assert list(encoded(quantized).int_val) == [-5, 7]
    assert decode.tensor(encoded(quantized)).tolist() == quantized.tolist()


def test_a_lone_string_and_a_numpy_scalar() -> None:
    assert decode.tensor(encoded(b"abc")).item() == b"abc"
    assert decode.tensor(encoded(np.float32(2))).shape == ()


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([], [0.0, 0.0, 0.0]),
        ([7.0], [7.0, 7.0, 7.0]),
        ([1.0, 2.0], [1.0, 2.0, 2.0]),
        ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0]),
    ],
)
def test_too_few_values_repeat_the_last(values: list[float], wanted: list[float]) -> None:
    assert decode.tensor(typed(tf.float32, [3], float_val=values)).tolist() == wanted


def test_too_few_strings_repeat_the_last() -> None:
    assert decode.tensor(typed(tf.string, [2], string_val=[b"a"])).tolist() == [b"a", b"a"]
    assert decode.tensor(typed(tf.string, [2])).tolist() == [b"", b""]


def test_complex_values_come_in_pairs() -> None:
    assert decode.tensor(typed(tf.complex64, [2], scomplex_val=[1, 2, 3])).tolist() == [1 + 2j] * 2


@pytest.mark.parametrize(
    "content", [b"\x05abc", b"\x01\x01a", b"\xff\xff\xff\xff\xff\xff", b"\x80"]
)
def test_strings_that_do_not_fill_their_content(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"add up|truncated"):
        decode.tensor(typed(tf.string, [2], tensor_content=content))


def test_a_numeric_content_is_not_copied() -> None:
    content = np.arange(4, dtype=np.float32).tobytes()
    decoded = decode.tensor(typed(tf.float32, [2, 2], tensor_content=content))
    assert not decoded.flags.owndata
    assert decoded.tolist() == [[0.0, 1.0], [2.0, 3.0]]
