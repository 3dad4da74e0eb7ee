"""A real model server in the test's process, which answers when and what it is told.

It speaks gRPC with the generated stubs over a real socket. What it answers is the
test's business: a model is a set of signatures and a function from a request to
its outputs; :meth:`Puppet.hold` keeps Predict calls waiting until
:meth:`Puppet.release`; :meth:`Puppet.fail` gives them a status code.
"""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Callable, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np

from server.backend.stubs import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    meta_graph_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
    tensor_pb2,
    types_pb2,
)

Spec = tuple[int, tuple[int, ...] | None]
Answer = Mapping[str, Any]
FLOAT, UINT8, STRING = types_pb2.DT_FLOAT, types_pb2.DT_UINT8, types_pb2.DT_STRING
INT64 = types_pb2.DT_INT64
PREDICT = "tensorflow/serving/predict"


def tensor(values: Any) -> tensor_pb2.TensorProto:
    """``values`` in typed fields, as TF Serving sends them."""
    if isinstance(values, tensor_pb2.TensorProto):
        return values
    array = np.asarray(values)
    proto = tensor_pb2.TensorProto()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if array.dtype.kind == "f":
        proto.dtype = FLOAT
        proto.float_val.extend(array.reshape(-1).tolist())
    elif array.dtype.kind == "i":
        proto.dtype = INT64
        proto.int64_val.extend(array.reshape(-1).tolist())
    elif array.dtype.kind == "b":
        proto.dtype = types_pb2.DT_BOOL
        proto.bool_val.extend(array.reshape(-1).tolist())
    else:
        proto.dtype = STRING
        proto.string_val.extend(array.astype(object).reshape(-1).tolist())
    return proto


def signature(
    inputs: Mapping[str, Spec], outputs: Mapping[str, Spec], method: str = PREDICT
) -> meta_graph_pb2.SignatureDef:
    """A SignatureDef; a spec is (dtype, shape), -1 for a free size, None for a free rank."""
    definition = meta_graph_pb2.SignatureDef(method_name=method)
    for mapping, specs in ((definition.inputs, inputs), (definition.outputs, outputs)):
        for alias, (dtype, shape) in specs.items():
            mapping[alias].dtype = dtype
            if shape is None:
                mapping[alias].tensor_shape.unknown_rank = True
            for size in shape or ():
                mapping[alias].tensor_shape.dim.add(size=size)
    return definition


@dataclass
class PuppetModel:
    """One version: its signatures, and for each what it answers a request."""

    version: int
    signatures: dict[str, meta_graph_pb2.SignatureDef]
    answer: dict[str, Callable[[predict_pb2.PredictRequest], Answer]] = field(default_factory=dict)


class Puppet:
    """The model server. ``models`` maps (name, label or None) to what is served there."""

    def __init__(self) -> None:
        self.models: dict[tuple[str, str | None], PuppetModel] = {}
        self.requests: list[predict_pb2.PredictRequest] = []
        self.cancelled = threading.Event()
        self._arrival = threading.Condition()
        self._failure: tuple[grpc.StatusCode, str] | None = None
        self.rejects = ""  # what an op says about every picture
        self.rejects_with = grpc.StatusCode.INVALID_ARGUMENT
        self._open = threading.Event()
        self._open.set()
        self.describes = threading.Event()  # while not set, no model is described
        self.describes.set()
        self._server: grpc.Server | None = None
        # Bound as long as this object lives: while it is stopped, nobody else may listen there.
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        weakref.finalize(self, held.close)
        self.port: int = held.getsockname()[1]
        self.serving: bool | None = None  # what its health service says; None: it has none
        self.metadata: list[dict[str, str]] = []  # of each Predict call
        self.server_timing = ""  # what it reports of a Predict call
        self.available: bool | None = None  # what GetModelStatus says; None: it is not there

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, always on the same port."""
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)]
        self._server = grpc.server(futures.ThreadPoolExecutor(8), options=options)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            _Servicer(self), self._server
        )
        self._server.add_insecure_port(self.address)
        self._server.add_generic_rpc_handlers(_health_and_status(self))
        self._server.start()

    def stop(self) -> None:
        """End all connections at once."""
        self.release()
        if self._server is not None:
            self._server.stop(None).wait()
            self._server = None

    def kill(self) -> None:
        """End all connections at once, without an answer to what is held."""
        assert self._server is not None
        stopped = self._server.stop(None)
        self.release()
        stopped.wait()
        self._server = None

    def hold(self) -> None:
        """Answer no Predict call until :meth:`release`."""
        self._open.clear()

    def release(self) -> None:
        """Answer what was held, and what comes."""
        self._open.set()

    def fail(self, code: grpc.StatusCode, message: str) -> None:
        """Answer every call with this status, from now on."""
        self._failure = (code, message)

    def recover(self) -> None:
        """Answer properly again."""
        self._failure = None

    def find(self, spec: Any, context: Any) -> PuppetModel:
        """The model that a request names, or the status that TF Serving answers with."""
        if self._failure is not None:
            context.abort(*self._failure)
        label = spec.version_label or None
        model = self.models.get((spec.name, label))
        if model is None and label is not None:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"
            )
        wanted = spec.version.value
        if model is None or (wanted and wanted != model.version):
            context.abort(
                grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({spec.name})"
            )
        assert model is not None
        return model

    def wait(self, context: Any) -> None:
        """Hold the call, unless its client goes away."""
        context.add_callback(self._ended)
        self._open.wait(60)

    def _ended(self) -> None:
        if not self._open.is_set():  # not by its answer, then
            self.cancelled.set()

    def note(self, request: predict_pb2.PredictRequest) -> None:
        """A Predict call has come."""
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()

    def wait_for_requests(self, count: int) -> None:
        """Wait until ``count`` Predict calls have come, answered or not."""
        with self._arrival:
            assert self._arrival.wait_for(lambda: len(self.requests) >= count, 20)


def _health_and_status(puppet: Puppet) -> tuple[grpc.GenericRpcHandler, ...]:
    """The health service and GetModelStatus, as far as the puppet has them."""

    def check(request: bytes, context: Any) -> bytes:
        if puppet.serving is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "no health service")
        return bytes((0x08, 1 if puppet.serving else 2))

    def status(request: Any, context: Any) -> Any:
        if puppet.available is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "Could not find any versions of model")
        response = get_model_status_pb2.GetModelStatusResponse()
        response.model_version_status.add(version=1, state=30 if puppet.available else 20)
        return response

    health = {"Check": grpc.unary_unary_rpc_method_handler(check)}
    models = {
        "GetModelStatus": grpc.unary_unary_rpc_method_handler(
            status,
            get_model_status_pb2.GetModelStatusRequest.FromString,
            get_model_status_pb2.GetModelStatusResponse.SerializeToString,
        )
    }
    return (
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", health),
        grpc.method_handlers_generic_handler("tensorflow.serving.ModelService", models),
    )


class _Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, puppet: Puppet) -> None:
        self._puppet = puppet

    def GetModelMetadata(self, request: Any, context: Any) -> Any:
        self._puppet.describes.wait(60)
        model = self._puppet.find(request.model_spec, context)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = model.version
        signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=model.signatures)
        response.metadata["signature_def"].Pack(signatures)
        return response

    def Predict(self, request: Any, context: Any) -> Any:
        self._puppet.metadata.append(dict(context.invocation_metadata()))
        self._puppet.note(request)
        model = self._puppet.find(request.model_spec, context)
        self._puppet.wait(context)
        name = request.model_spec.signature_name or "serving_default"
        if name not in model.signatures:
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
            )
        _check(request, model.signatures[name], context)
        if self._puppet.rejects:
            context.abort(self._puppet.rejects_with, self._puppet.rejects)
        if self._puppet.server_timing:
            context.set_trailing_metadata((("server-timing", self._puppet.server_timing),))
        response = predict_pb2.PredictResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = model.version
        response.model_spec.signature_name = name
        for alias, values in model.answer[name](request).items():
            if not request.output_filter or alias in request.output_filter:
                response.outputs[alias].CopyFrom(tensor(values))
        return response


def _check(request: Any, definition: Any, context: Any) -> None:
    """Refuse inputs that are not the signature's, as TF Serving and its graphs do."""
    missing = set(definition.inputs) - set(definition.defaults) - set(request.inputs)
    if missing or set(request.inputs) - set(definition.inputs):
        context.abort(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"input size does not match signature. Missing but required: {missing}",
        )
    for alias, sent in request.inputs.items():
        spec = definition.inputs[alias]
        if sent.dtype != spec.dtype:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Expects arg[0] to be another dtype")
        sizes = [dim.size for dim in sent.tensor_shape.dim]
        free = [dim.size for dim in spec.tensor_shape.dim]
        if len(sizes) != len(free) or any(
            b not in (-1, a) for a, b in zip(sizes, free, strict=True)
        ):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Incompatible shapes: {sizes}, {free}")
