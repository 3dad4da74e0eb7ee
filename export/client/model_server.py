"""A model server as a release needs it: what it serves, and how it is told to serve something else.

TensorFlow Serving's own ModelService, so the embedded model server and the real one do alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc

from export.client.stubs import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)
from export.errors import ReleaseError

AVAILABLE = "AVAILABLE"
END = "END"
_STATES = get_model_status_pb2.ModelVersionStatus.State
# A reload waits for models that are new to the server.
_RELOAD_S = 600.0


@dataclass(frozen=True)
class Status:
    """Where a version is in its life: the state's name, and the server's words if it failed."""

    state: str
    error: str = ""


class ModelServer:
    """The model server at `address` (HOST:PORT). Every call raises ReleaseError in one line."""

    def __init__(self, address: str, timeout_s: float = 20.0) -> None:
        self.address = address
        self._timeout_s = timeout_s
        # A proxy in the environment is meant for the web, not for the model server.
        self._channel = grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)])
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
        self._channel.close()

    def statuses(self, model: str) -> dict[int, Status]:
        """Every version that the server knows of, by number; none for a model it does not serve."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        try:
            response = self._call(self._models.GetModelStatus, request, self._timeout_s)
        except _NotFound:
            return {}
        return {
            int(each.version): Status(
                _STATES.Name(each.state), _words(each.status) if each.status.error_code else ""
            )
            for each in response.model_version_status
        }

    def labelled(self, model: str, label: str) -> int | None:
        """The version that a label stands for, or None."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = model
        request.model_spec.version_label = label
        try:
            response = self._call(self._predictions.GetModelMetadata, request, self._timeout_s)
        except (_NotFound, _Refused):
            return None
        return int(response.model_spec.version.value)

    def reload(self, config: Any) -> None:
        """Puts a ModelServerConfig in force in the place of all that was configured before."""
        request = model_management_pb2.ReloadConfigRequest(config=config)
        response = self._call(self._models.HandleReloadConfigRequest, request, _RELOAD_S)
        if response.status.error_code:
            raise _Refused(f"the model server refuses: {_words(response.status)}")

    def _call(self, method: Any, request: Any, timeout_s: float) -> Any:
        try:
            return method(request, timeout=timeout_s)
        except grpc.RpcError as error:
            code, words = error.code(), _one_line(error.details() or error.code().name)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            raise ReleaseError(
                f"the model server at {self.address} did not answer within {timeout_s:g} s"
            )
        if code is grpc.StatusCode.UNAVAILABLE:
            # gRPC tells the whole way to the reason, and the reason last.
            reason = words.rpartition(": ")[2].rstrip("]")
            raise ReleaseError(f"no model server answers at {self.address}: {reason}")
        if code is grpc.StatusCode.UNIMPLEMENTED:
            raise ReleaseError(f"what answers at {self.address} is no model server: {words}")
        if code is grpc.StatusCode.NOT_FOUND:
            raise _NotFound(f"the model server refuses: {words}")
        raise _Refused(f"the model server refuses: {words}")


class _Refused(ReleaseError):
    """The server answered, and will not do it."""


class _NotFound(_Refused):
    """The server answered, and has no such thing."""


def _words(status: Any) -> str:
    return _one_line(status.error_message or f"error {status.error_code}")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 500 else f"{line[:497]}..."
