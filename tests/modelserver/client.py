"""A client of the model server for tests."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from modelserver.lifecycle.registry import Registry

TIMEOUT_S = 30.0
# Reconnect at once to a server that has just started, without backing off for seconds.
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
)


def spec(name: str, version: int | None = None, label: str = "", signature: str = "") -> Any:
    """Return a ModelSpec."""
    result = model_pb2.ModelSpec(name=name, signature_name=signature)
    if version is not None:
        result.version.value = version
    if label:
        result.version_label = label
    return result


def predict_request(model: Any, inputs: Mapping[str, Any], outputs: Sequence[str] = ()) -> Any:
    """Return a PredictRequest. Inputs are TensorProtos, or values to convert to them."""
    model = spec(model) if isinstance(model, str) else model
    request = predict_pb2.PredictRequest(model_spec=model, output_filter=outputs)
    for alias, value in inputs.items():
        proto = value if hasattr(value, "tensor_shape") else tf.make_tensor_proto(value)
        request.inputs[alias].CopyFrom(proto)
    return request


def floats(*values: float) -> np.ndarray[Any, Any]:
    """Return a float32 vector."""
    return np.array(values, np.float32)


class Client:
    """A client with a channel of its own.

    ``address`` and ``rest_port`` belong to the server. ``registry`` is its table of versions, to
    wait on; ``None`` if the server runs in another process.
    """

    def __init__(self, address: str, registry: Registry | None = None, rest_port: int = 0) -> None:
        self.address = address
        self.registry = registry
        self.rest_port = rest_port
        self.channel = grpc.insecure_channel(address, options=list(_OPTIONS))
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def close(self) -> None:
        self.channel.close()

    def send(self, request: Any, timeout: float | None = TIMEOUT_S) -> Any:
        """Send a PredictRequest and return the response."""
        return self.prediction.Predict(request, timeout=timeout)

    def predict(
        self, model: Any, inputs: Mapping[str, Any], outputs: Sequence[str] = ()
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Predict with arrays."""
        response = self.send(predict_request(model, inputs, outputs))
        return {alias: tf.make_ndarray(proto) for alias, proto in response.outputs.items()}

    def http(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Send a REST request; return the status, the parsed body (or its text) and the headers."""
        connection = http.client.HTTPConnection("localhost", self.rest_port, timeout=TIMEOUT_S)
        if body is not None and not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        is_json = response.headers["Content-Type"] == "application/json" and text
        return response.status, json.loads(text) if is_json else text, response.headers

    def metadata(self, model: Any, fields: Sequence[str] = ("signature_def",)) -> Any:
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
        request.model_spec.CopyFrom(spec(model) if isinstance(model, str) else model)
        return self.prediction.GetModelMetadata(request, timeout=TIMEOUT_S)

    def status(self, model: Any) -> list[Any]:
        """Return the ModelVersionStatus messages of a model."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.CopyFrom(spec(model) if isinstance(model, str) else model)
        answer = self.models.GetModelStatus(request, timeout=TIMEOUT_S)
        return list(answer.model_version_status)

    def states(self, name: str) -> list[tuple[int, str]]:
        """Return (version, state) of every listed version."""
        names = get_model_status_pb2.ModelVersionStatus.State.Name
        return [(status.version, names(status.state)) for status in self.status(name)]

    def wait_for(self, name: str, **states: str) -> None:
        """Wait until versions have reached these states: ``wait_for("m", v1="END")``."""
        assert self.registry is not None
        wanted = {(int(key[1:]), state) for key, state in states.items()}

        def reached() -> bool:
            listed = {(s.number, s.state.name) for s in self.registry.peek(name)}
            return wanted <= listed

        assert self.registry.wait_for(reached, TIMEOUT_S), self.registry.peek(name)

    def wait_for_call(self, name: str) -> None:
        """Wait until a call is in progress."""
        assert self.registry is not None
        registry = self.registry
        assert registry.wait_for(lambda: any(s.calls for s in registry.peek(name)), TIMEOUT_S)

    def wait_for_looks(self, count: int = 3) -> None:
        """Wait until the base paths have been polled ``count`` more times."""
        assert self.registry is not None
        looks = itertools.count()
        assert self.registry.wait_for(lambda: next(looks) > count, TIMEOUT_S)


class Refused:
    """The status of a call that failed; see ``refused``."""

    def __init__(self) -> None:
        self.code = ""
        self.message = ""

    def __enter__(self) -> Refused:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        assert error is not None, "the call did not fail"
        if not isinstance(error, grpc.RpcError):
            return False
        self.code, self.message = error.code().name, error.details()
        return True


def refused() -> Refused:
    """Expect the call in a ``with`` block to fail; then check ``error.code``, ``error.message``."""
    return Refused()
