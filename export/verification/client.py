"""A model server's calls, as verification needs them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from export.errors import ServerError
from export.verification import golden
from export.verification.golden import Row

_POLL_S = 0.05
_AVAILABLE, _END = 30, 50
_ANSWER_S = 0.5
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A server that starts is looked for this often, not less and less so.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


def _nothing() -> None:
    """What there is to look after for a server that is not ours."""


class Client:
    """Calls of the model server at `address`, `HOST:PORT` or `unix:PATH`; errors call it `name`.

    Every method raises ServerError with one line that says where and why.
    """

    def __init__(self, address: str, name: str | None = None) -> None:
        self._name = name or address
        self._channel = grpc.insecure_channel(address, options=list(_OPTIONS))
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def close(self) -> None:
        """Gives the connection back."""
        self._channel.close()

    def wait_until_connected(self, timeout_s: float, look: Callable[[], None] = _nothing) -> None:
        """`look` is called every now and then, and may raise."""
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            look()
            if time.monotonic() > deadline:
                raise ServerError(f"no model server answers at {self._name}")

    def _answers(self) -> bool:
        """Whether it says anything, if only that no model was named.

        `grpc.channel_ready_future` would leave a thread that complains when the channel closes.
        """
        request = get_model_status_pb2.GetModelStatusRequest()
        try:
            self._models.GetModelStatus(request, timeout=_ANSWER_S, wait_for_ready=True)
        except grpc.RpcError as error:
            silent = grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE
            return error.code() not in silent
        return True

    def reload(self, config: Any, timeout_s: float) -> None:
        """Gives it a new configuration, and waits until it has tried to load what is new."""
        request = model_management_pb2.ReloadConfigRequest(config=config)
        answer = self._call(self._models.HandleReloadConfigRequest, request, timeout_s)
        if answer.status.error_code:
            raise ServerError(f"{self._name}: {answer.status.error_message}")

    def wait_until_available(
        self, model: str, version: int, timeout_s: float, look: Callable[[], None] = _nothing
    ) -> None:
        """`look` is called every now and then, and may raise."""
        deadline = time.monotonic() + timeout_s
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        while True:
            look()
            status = self._status(request, version)
            if status is not None and status.state == _AVAILABLE:
                return
            if status is not None:
                self._check_failure(status)
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self._name} does not have version {version} of {model} after "
                    f"{timeout_s:.0f} s"
                )
            time.sleep(_POLL_S)

    def answer(
        self, model: str, version: int, signature: str, inputs: np.ndarray, timeout_s: float
    ) -> list[Row]:
        """One Predict call: a row for each input."""
        answer = self.predict(request(model, version, signature, inputs), timeout_s)
        return golden.rows_of({k: tf.make_ndarray(v) for k, v in answer.outputs.items()})

    def predict(self, request: Any, timeout_s: float) -> Any:
        """One Predict call, raw."""
        return self._call(self._predictions.Predict, request, timeout_s)

    def check_failure(self, model: str, version: int) -> None:
        """Raises ServerError with the server's own words if it has failed to load the version."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        status = self._status(request, version)
        if status is not None:
            self._check_failure(status)

    def _check_failure(self, status: Any) -> None:
        if status.state == _END and status.status.error_message:
            raise ServerError(f"{self._name} cannot load it: {status.status.error_message}")

    def _status(self, request: Any, version: int) -> Any:
        try:
            answer = self._models.GetModelStatus(request, timeout=5)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE):
                return None
            raise self._error(error) from None
        return next((e for e in answer.model_version_status if e.version == version), None)

    def _call(self, method: Any, request: Any, timeout_s: float) -> Any:
        try:
            return method(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise self._error(error) from None

    def _error(self, error: Any) -> ServerError:
        said = " ".join(str(error.details()).split())[:300]
        return ServerError(f"{self._name}: {error.code().name}: {said}")


def request(model: str, version: int | None, signature: str, inputs: np.ndarray) -> Any:
    """A PredictRequest for pictures; version None: whichever the server serves."""
    made = predict_pb2.PredictRequest()
    made.model_spec.name = model
    made.model_spec.signature_name = signature
    if version is not None:
        made.model_spec.version.value = version
    made.inputs["image"].CopyFrom(tf.make_tensor_proto(inputs))
    return made
