"""gRPC transport: bytes and deadlines in, bytes or a status out.

A call occupies a thread while it runs, because TensorFlow blocks its caller. gRPC itself rejects
calls beyond the limit with RESOURCE_EXHAUSTED before reading their message. Requests are parsed
here rather than by gRPC, so that garbage is logged as one line instead of a traceback, and nothing
is parsed for callers that have disconnected.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2,
    predict_pb2,
    prediction_service_pb2,
    regression_pb2,
)

from modelserver.deadline import Deadline
from modelserver.metrics import Metrics
from modelserver.options.components import GrpcOptions
from modelserver.service import Service
from modelserver.status import CannotListen, Code, ServingError, truncate

PREDICTION_SERVICE: str = prediction_service_pb2.DESCRIPTOR.services_by_name[
    "PredictionService"
].full_name
MODEL_SERVICE: str = model_service_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name
MAX_REFLECTION_STREAMS = 4
_LONGEST_PATH = 107
"""Of a socket, in bytes, on Linux."""
_COUNTED = {"Predict", "Classify", "Regress"}
HEALTHY = ("", "PredictionService", "ModelService")

log = logging.getLogger(__name__)
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_NO_DEADLINE_S = 10 * 365 * 86400.0  # gRPC reports "no deadline" as one this far away

_ARGUMENTS: dict[str, int | str] = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.so_reuseport": 0,
}

_Method = Callable[[Any, Deadline], Any]


class GrpcServer:
    """Serves a ``Service`` over gRPC.

    Raise ``CannotListen`` if the address or path is in use.
    """

    def __init__(self, service: Service, metrics: Metrics, options: GrpcOptions) -> None:
        self._server = grpc.server(
            ThreadPoolExecutor(options.threads, thread_name_prefix="grpc"),
            handlers=_handlers(service, metrics),
            options=list({**_ARGUMENTS, **dict(options.arguments)}.items()),
            maximum_concurrent_rpcs=options.max_calls,
        )
        self._health = _add_health(self._server) if options.health else None
        _add_reflection(self._server, options.health)
        self.port = self._listen(options.address, options.credentials, "--port")
        if options.socket_path:
            path = f"unix:{options.socket_path}"
            self._listen(path, options.credentials, "--grpc_socket_path")

    def start(self) -> None:
        """Start answering calls."""
        self._server.start()

    def stop(self, grace_s: float) -> threading.Event:
        """Reject new calls, and cancel those still in progress after ``grace_s`` seconds.

        Return an event that is set when the last call has ended.
        """
        if self._health is not None:
            self._health.enter_graceful_shutdown()
        stopped: threading.Event = self._server.stop(grace_s)
        return stopped

    def _listen(self, address: str, credentials: Any, flag: str) -> int:
        if not address:
            return 0
        try:
            if credentials is None:
                return int(self._server.add_insecure_port(address))
            return int(self._server.add_secure_port(address, credentials))
        except RuntimeError:
            problem = f"gRPC cannot listen on {address}"
            if credentials is not None:  # gRPC does not say which of them is wrong
                problem += " with this key and certificate"
                flag += " or --ssl_config_file"
            raise CannotListen(f"{problem}{_obstacle(address)}", flag) from None


def _obstacle(address: str) -> str:
    """Return the end of an error message: why there can be no socket of this path."""
    path = address.removeprefix("unix:")
    if path == address:
        return ""
    if len(os.fsencode(path)) > _LONGEST_PATH:
        return f": its path has more than {_LONGEST_PATH} bytes"
    folder = os.path.dirname(path) or "."
    return "" if os.access(folder, os.W_OK) else f": {folder} is missing or not writable"


def _handlers(service: Service, metrics: Metrics) -> list[Any]:
    prediction = {
        "Predict": (service.predict, predict_pb2.PredictRequest),
        "Classify": (service.classify, classification_pb2.ClassificationRequest),
        "Regress": (service.regress, regression_pb2.RegressionRequest),
        "MultiInference": (service.multi_inference, inference_pb2.MultiInferenceRequest),
        "GetModelMetadata": (
            service.get_model_metadata,
            get_model_metadata_pb2.GetModelMetadataRequest,
        ),
    }
    models = {
        "GetModelStatus": (service.get_model_status, get_model_status_pb2.GetModelStatusRequest),
        "HandleReloadConfigRequest": (
            service.reload_config,
            model_management_pb2.ReloadConfigRequest,
        ),
    }
    return [
        grpc.method_handlers_generic_handler(
            name,
            {
                method: _handler(_counted(method, answer, metrics), request_type)
                for method, (answer, request_type) in methods.items()
            },
        )
        for name, methods in ((PREDICTION_SERVICE, prediction), (MODEL_SERVICE, models))
    ]


def _counted(name: str, method: _Method, metrics: Metrics) -> _Method:
    """Wrap a method to count and time it, if TensorFlow Serving does so."""
    if name not in _COUNTED:
        return method

    def counted(request: Any, deadline: Deadline) -> Any:
        with metrics.request(request.model_spec.name, name, "GRPC"):
            return method(request, deadline)

    return counted


def _handler(method: _Method, request_type: Any) -> Any:
    def answer(payload: bytes, context: Any) -> bytes | None:
        if not context.is_active():  # the caller has disconnected, or its deadline has passed
            return None
        started = time.perf_counter()
        try:
            request = _parse(request_type, payload)
            response = method(request, _deadline(context))
            encoded = response if isinstance(response, bytes) else response.SerializeToString()
            context.set_trailing_metadata((("server-timing", _timing(started)),))
            return encoded
        except ServingError as error:
            failure = error
        except Exception as error:
            log.exception("unexpected error during a call")
            failure = ServingError(Code.INTERNAL, f"{type(error).__name__}: {error}")
        context.abort(_CODES[failure.code], truncate(failure.message))
        return None

    return grpc.unary_unary_rpc_method_handler(answer)


def _timing(started: float) -> str:
    """Return the time since ``started`` as HTTP's Server-Timing has it."""
    return f"total;dur={(time.perf_counter() - started) * 1000:.3f}"


def _parse(request_type: Any, payload: bytes) -> Any:
    try:
        return request_type.FromString(payload)
    except DecodeError:
        name = request_type.DESCRIPTOR.full_name
        raise ServingError(Code.INTERNAL, f"cannot parse the request as {name}") from None


def _deadline(context: Any) -> Deadline:
    left = context.time_remaining()
    is_set = left is not None and left < _NO_DEADLINE_S
    deadline = Deadline.after(left) if is_set else Deadline()
    context.add_callback(deadline.abandon)  # runs when the call ends, for whatever reason
    return deadline


def _add_health(server: Any) -> Any:
    servicer = health.HealthServicer()
    for name in HEALTHY:
        servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    return servicer


def _add_reflection(server: Any, has_health: bool) -> None:
    names = [PREDICTION_SERVICE, MODEL_SERVICE, reflection.SERVICE_NAME]
    names += [health.SERVICE_NAME] * has_health
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(_Reflection(names), server)


class _Reflection:
    """Describes the services to tools such as grpcurl.

    A stream occupies a thread until its client closes it, so only a few are served at once.
    """

    def __init__(self, service_names: Sequence[str]) -> None:
        self._servicer = reflection.ReflectionServicer(service_names)
        self._streams = threading.BoundedSemaphore(MAX_REFLECTION_STREAMS)

    def ServerReflectionInfo(self, requests: Any, context: Any) -> Iterator[Any]:
        """Answer a stream of questions about services and their messages."""
        if not self._streams.acquire(blocking=False):
            context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"at most {MAX_REFLECTION_STREAMS} reflection streams may be open",
            )
        try:
            yield from self._servicer.ServerReflectionInfo(requests, context)
        finally:
            self._streams.release()
