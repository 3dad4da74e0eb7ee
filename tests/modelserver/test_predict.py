"""Predict over a real socket, in the order of TensorFlow Serving's checks."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from tests.modelserver.client import Client, floats, predict_request, refused, spec

X = floats(1, 2, 5)


def test_answers_with_values_version_and_signature(client: Client) -> None:
    response = client.send(predict_request("half_plus", {"x": X}))
    assert list(response.outputs["y"].float_val) == [2.5, 3.0, 4.5]
    assert response.model_spec.name == "half_plus"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"
    assert not response.outputs["y"].tensor_content, "typed fields, as the real server"


def test_a_request_without_a_model_spec_is_refused(client: Client) -> None:
    with refused() as error:
        client.send(predict_pb2.PredictRequest())
    assert (error.code, error.message) == ("INVALID_ARGUMENT", "Missing ModelSpec")


def test_a_request_without_a_model_name_is_refused(client: Client) -> None:
    with refused() as error:
        client.send(predict_request(spec("", signature="s"), {}))
    assert (error.code, error.message) == (
        "INVALID_ARGUMENT",
        "ModelSpec has no name specified.",
    )


@pytest.mark.parametrize("name", ["half_plus", "unknown"])
def test_unknown_label(client: Client, name: str) -> None:
    with refused() as error:
        client.send(predict_request(spec(name, label="canary"), {"x": X}))
    assert (error.code, error.message) == (
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: canary",
    )


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        (spec("unknown"), "Latest(unknown)"),
        (spec("unknown", 1), "Specific(unknown, 1)"),
        (spec("half_plus", 9), "Specific(half_plus, 9)"),
    ],
)
def test_unknown_model_or_version(client: Client, model: object, wanted: str) -> None:
    with refused() as error:
        client.send(predict_request(model, {"x": X}))
    assert error.code == "NOT_FOUND"
    assert error.message == f"Servable not found for request: {wanted}"


def test_unknown_signature(client: Client) -> None:
    with refused() as error:
        client.send(predict_request(spec("half_plus", signature="S"), {"x": X}))
    assert error.code == "FAILED_PRECONDITION"
    assert error.message == 'Serving signature key "S" not found.'


def test_wrong_number_of_inputs(client: Client) -> None:
    with refused() as error:
        client.send(predict_request("several", {"a": X}))
    assert error.code == "INVALID_ARGUMENT"
    assert error.message == (
        "input size does not match signature: 1!=2 len({a}) != len({a,b}). "
        "Sent extra: {}. Missing but required: {b}."
    )


def test_misnamed_input(client: Client) -> None:
    with refused() as error:
        client.send(predict_request("half_plus", {"z": X}))
    assert error.code == "INVALID_ARGUMENT"
    assert "alias: x" in error.message
    assert "not found in request and no default value provided" in error.message


@pytest.mark.parametrize(
    "proto",
    [
        tensor_pb2.TensorProto(),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_RESOURCE),
        tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT,
            tensor_shape=tensor_shape_pb2.TensorShapeProto(unknown_rank=True),
        ),
        tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape=tf.TensorShape([None]).as_proto()
        ),
        tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT,
            tensor_shape=tf.TensorShape([3]).as_proto(),
            tensor_content=b"12345",
        ),
        tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape=tf.TensorShape([1 << 20, 1 << 20]).as_proto()
        ),
    ],
)
def test_undecodable_tensor(client: Client, proto: object) -> None:
    with refused() as error:
        client.send(predict_request("half_plus", {"x": proto}))
    assert (error.code, error.message) == ("INVALID_ARGUMENT", "tensor parsing error: x")


def test_unknown_and_duplicate_output(client: Client) -> None:
    with refused() as error:
        client.send(predict_request("half_plus", {"x": X}, ["q"]))
    assert error.code == "INVALID_ARGUMENT"
    assert error.message == (
        "output tensor alias not found in signature: q Outputs expected to be in the set {y}."
    )
    with refused() as error:
        client.send(predict_request("half_plus", {"x": X}, ["y", "y"]))
    assert (error.code, error.message) == ("INVALID_ARGUMENT", "duplicate output tensor alias: y")


def test_wrong_dtype_in_tensorflows_words(client: Client) -> None:
    with refused() as error:
        client.send(predict_request("half_plus", {"x": np.array([1.0, 2.0])}))
    assert error.code == "INVALID_ARGUMENT"
    assert "to be float but double is provided" in error.message


def test_shapes_are_left_to_the_operations(client: Client) -> None:
    grid = np.arange(4, dtype=np.float32).reshape(2, 2)
    assert client.predict("half_plus", {"x": grid})["y"].shape == (2, 2), "wider than declared"
    with refused() as error:
        client.send(predict_request("several", {"a": floats(1, 2), "b": floats(1, 2, 3)}))
    assert error.code == "INVALID_ARGUMENT"


def test_a_failing_operation_affects_only_its_call(client: Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        calls = [
            pool.submit(client.send, predict_request("failing", {"x": floats(4 if i % 2 else -1)}))
            for i in range(20)
        ]
    failed = [call for call in calls if call.exception()]
    assert len(failed) == 10
    for call in failed:
        with refused() as error:
            call.result()
        assert error.code == "INVALID_ARGUMENT"
        assert "not above zero" in error.message


def test_long_messages_are_cut(client: Client) -> None:
    with refused() as error:
        client.send(predict_request(spec("half_plus", signature="s" * 5000), {"x": X}))
    assert error.code == "FAILED_PRECONDITION"
    assert len(error.message) == 1024 + len("...TRUNCATED")
    assert error.message.endswith("...TRUNCATED")


def test_output_filter(client: Client) -> None:
    inputs = {"a": floats(3), "b": floats(1)}
    assert set(client.predict("several", inputs, ["count", "sum"])) == {"count", "sum"}
    assert set(client.predict("several", inputs)) == {"sum", "difference", "count"}


def test_a_signature_without_inputs(client: Client) -> None:
    outputs = client.predict(spec("several", signature="describe"), {})
    assert outputs["description"].item() == b'{"task": "none"}'


def test_strings_in_and_out_with_any_bytes(client: Client) -> None:
    texts = [b"", b"\x00\xff" * 3, "é".encode()]
    response = client.send(predict_request("lengths", {"text": np.array(texts, object)}))
    assert list(response.outputs["reversed"].string_val) == texts[::-1]
    assert list(response.outputs["length"].int_val) == [0, 6, 2]


def test_a_batch_of_pictures(client: Client) -> None:
    encoded = [
        tf.io.encode_png(tf.fill([8, 8, 3], tf.constant(v, tf.uint8))).numpy() for v in (9, 90)
    ]
    assert client.predict("pictures", {"image_bytes": encoded})["mean"].tolist() == [9.0, 90.0]


def test_a_corrupt_image_is_the_callers_error(client: Client) -> None:
    with refused() as error:
        client.send(predict_request("pictures", {"image_bytes": [b"no picture"]}))
    assert error.code == "INVALID_ARGUMENT"


def test_pixels_one_at_a_time(client: Client) -> None:
    outputs = client.predict("one_at_a_time", {"input_tensor": np.zeros((1, 7, 9, 3), np.uint8)})
    assert outputs["detection_boxes"].shape == (1, 5, 4)
    assert outputs["num_detections"].tolist() == [7.0]


def test_a_tensor_of_every_type(client: Client) -> None:
    values = {
        "double": np.array([1.5, -2.5]),
        "int32": np.array([[-1, 2**31 - 1]], np.int32),
        "uint8": np.array([0, 127, 128, 255], np.uint8),
        "int16": np.array([-32768, 5], np.int16),
        "int64": np.array(-(2**63)),
        "bool": np.array([True, False]),
        "float16": np.array([0.5, np.inf], np.float16),
        "uint32": np.array([2**32 - 1], np.uint32),
    }
    request_names = {"double": "float64", "float16": "float16"}
    inputs = {f"x_{request_names.get(name, name)}": value for name, value in values.items()}
    outputs = client.predict("every_type", inputs)
    for name, value in values.items():
        got = outputs[f"y_{request_names.get(name, name)}"]
        assert got.dtype == value.dtype
        np.testing.assert_array_equal(got, value)


def test_large_messages(client: Client) -> None:
    many = np.ones(8_000_000, np.float32)  # 32 MB
    values = client.send(predict_request("half_plus", {"x": many})).outputs["y"].float_val
    assert len(values) == len(many)
    assert values[-1] == 2.5


def test_a_deadline_cancels_the_run(client: Client) -> None:
    started = time.monotonic()
    with refused() as error:
        client.send(predict_request("slow", {"n": np.array(10**9)}), timeout=0.3)
    assert error.code == "DEADLINE_EXCEEDED"
    # The slot is free again: three more runs fit, which a run that went on would hold up.
    with ThreadPoolExecutor(3) as pool:
        quick = predict_request("slow", {"n": np.array(10)})
        assert [r.outputs["steps"].int64_val[0] for r in pool.map(client.send, [quick] * 3)] == [
            10
        ] * 3
    assert time.monotonic() - started < 20


def test_garbage_is_one_clear_error(client: Client) -> None:
    call = client.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
    with refused() as error:
        call(b"\xff\xff\xff garbage", timeout=10)
    assert (error.code, error.message) == (
        "INTERNAL",
        "cannot parse the request as tensorflow.serving.PredictRequest",
    )
    assert client.predict("half_plus", {"x": X})["y"].tolist() == [2.5, 3.0, 4.5]


def test_unknown_method(client: Client) -> None:
    call = client.channel.unary_unary("/tensorflow.serving.PredictionService/Nothing")
    with refused() as error:
        call(b"", timeout=10)
    assert error.code == "UNIMPLEMENTED"
