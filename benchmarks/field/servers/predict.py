"""PredictRequests of one picture, and the answers in their responses, as tutorials show them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from benchmarks.field.servers.digits import Answer, answers

Stub = prediction_service_pb2_grpc.PredictionServiceStub


def request(picture: bytes) -> Any:
    """Return the request for one JPEG."""
    built = predict_pb2.PredictRequest()
    built.model_spec.name = "digits"
    built.model_spec.signature_name = "serving_default"
    built.inputs["image"].CopyFrom(tf.make_tensor_proto([picture]))
    return built


def answer(response: Any) -> Answer:
    """Return the answer in a response to one JPEG."""
    [only] = answers({name: tf.make_ndarray(proto) for name, proto in response.outputs.items()})
    return only
