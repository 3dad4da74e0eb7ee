"""A client of a model server: what it serves, what it should serve, and predictions.

It speaks TensorFlow Serving's own gRPC services, so the embedded model server and TensorFlow
Serving behave alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc

from export.client.channel import open_channel
from export.client.stubs import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)
from export.errors import ServerError

AVAILABLE = "AVAILABLE"
END = "END"
_STATES = get_model_status_pb2.ModelVersionStatus.State
_CALL_S = 20.0
# A reload returns once the server has tried to load the models that are new to it.
_RELOAD_S = 600.0
_PROBE_S = 0.5
_LONGEST_MESSAGE = 500


@dataclass(frozen=True)
class Status:
    """The state of a version, and the server's error message if it failed to load."""

    state: str
    error: str = ""


def _no_check() -> None:
    """Check nothing: the process of a remote server cannot be watched."""


class ModelServer:
    """The model server at ``address`` (``HOST:PORT`` or ``unix:PATH``).

    ``name`` replaces the address in error messages. Every method raises ``ServerError`` with a
    one-line message if the server cannot be reached or refuses the request.
    """

    def __init__(self, address: str, name: str | None = None) -> None:
        self.address = address
        self.name = name or f"the model server at {address}"
        self._channel = open_channel(address)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def __enter__(self) -> ModelServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def wait_until_reachable(self, timeout_s: float, check: Callable[[], None] = _no_check) -> None:
        """Wait until the server answers. ``check`` is called while waiting and may raise."""
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            check()
            if time.monotonic() > deadline:
                raise ServerError(f"no model server answers at {self.address}")

    def _answers(self) -> bool:
        """Return whether the server responds at all, even with an error.

        ``grpc.channel_ready_future`` would leave a thread behind that complains when the channel
        is closed.
        """
        request = get_model_status_pb2.GetModelStatusRequest()
        try:
            self._models.GetModelStatus(request, timeout=_PROBE_S, wait_for_ready=True)
        except grpc.RpcError as error:
            silent = grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE
            return error.code() not in silent
        return True

    def statuses(self, model: str) -> dict[int, Status]:
        """Return the status of every version of ``model``; empty if the model is not served."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        try:
            response = self._call(self._models.GetModelStatus, request, _CALL_S)
        except _NotFound:
            return {}
        return {int(one.version): _status(one) for one in response.model_version_status}

    def version_for_label(self, model: str, label: str) -> int | None:
        """Return the version that ``label`` points to, or None."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = model
        request.model_spec.version_label = label
        try:
            response = self._call(self._predictions.GetModelMetadata, request, _CALL_S)
        except _Refused:
            return None
        return int(response.model_spec.version.value)

    def reload(self, config: Any, timeout_s: float = _RELOAD_S) -> None:
        """Replace the server's whole configuration with ``config``, a ModelServerConfig."""
        request = model_management_pb2.ReloadConfigRequest(config=config)
        response = self._call(self._models.HandleReloadConfigRequest, request, timeout_s)
        if response.status.error_code:
            raise self._refused(_message(response.status))

    def predict(self, request: Any, timeout_s: float) -> Any:
        """Send a PredictRequest and return the PredictResponse."""
        return self._call(self._predictions.Predict, request, timeout_s)

    def _call(self, method: Any, request: Any, timeout_s: float) -> Any:
        try:
            return method(request, timeout=timeout_s)
        except grpc.RpcError as error:
            code, details = error.code(), _one_line(error.details() or error.code().name)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise ServerError(f"{self.name} did not answer within {timeout_s:g} s")
        if code is grpc.StatusCode.UNAVAILABLE:
            # gRPC lists every layer that failed; the last one is the cause.
            reason = details.rpartition(": ")[2].rstrip("]")
            raise ServerError(
                f"no model server answers at {self.address}: {reason}; start it, or name another "
                "with --server"
            )
        if code is grpc.StatusCode.UNIMPLEMENTED:
            raise ServerError(f"the server at {self.address} is not a model server: {details}")
        raise self._refused(details, _NotFound if code is grpc.StatusCode.NOT_FOUND else None)

    def _refused(self, details: str, kind: type[_Refused] | None = None) -> _Refused:
        return (kind or _Refused)(f"{self.name} refused the request: {details}")


class _Refused(ServerError):
    """The server answered with an error."""


class _NotFound(_Refused):
    """The server has no such model, version or label."""


def _status(version: Any) -> Status:
    error = _message(version.status) if version.status.error_code else ""
    return Status(_STATES.Name(version.state), error)


def _message(status: Any) -> str:
    return _one_line(status.error_message or f"error {status.error_code}")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 3]}..."
