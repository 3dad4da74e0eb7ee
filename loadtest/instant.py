"""A model server that answers at once, with scores that are always the same.

So the gateway is the bottleneck: it passes pictures on to one kind of model, and decodes them for
the other. ``python -m loadtest.instant PORT pictures`` (or ``pixels``). A third argument makes each
call take that many milliseconds, one call at a time.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import cache, partial
from typing import Any

import grpc

from server.backend.stubs import (
    get_model_metadata_pb2,
    meta_graph_pb2,
    predict_pb2,
    types_pb2,
)

MODEL = "digits"
SIZE = 160
CLASSES = 10


def signature(kind: str) -> meta_graph_pb2.SignatureDef:
    """Return ``string [N]`` or ``uint8 [N, 160, 160, 3]`` -> ``float32 [N, 10]``."""
    definition = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")
    inputs = {
        "pictures": (types_pb2.DT_STRING, (-1,)),
        "pixels": (types_pb2.DT_UINT8, (-1, SIZE, SIZE, 3)),
    }
    scores = (types_pb2.DT_FLOAT, (-1, CLASSES))
    for tensor, (dtype, shape) in (
        (definition.inputs[kind], inputs[kind]),
        (definition.outputs["scores"], scores),
    ):
        tensor.dtype = dtype
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
    return definition


async def metadata(kind: str, request: Any, context: Any) -> Any:
    """Describe the one version, which has no label."""
    if request.model_spec.version_label:
        await context.abort(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"Unrecognized servable version label: {request.model_spec.version_label}",
        )
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = MODEL
    response.model_spec.version.value = 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signatures.signature_def["serving_default"].CopyFrom(signature(kind))
    response.metadata["signature_def"].Pack(signatures)
    return response


async def predict(turn: asyncio.Lock, call_s: float, request: bytes, context: Any) -> bytes:
    """Answer a request. The number of its pictures is all that is read of it."""
    if call_s:
        async with turn:
            await asyncio.sleep(call_s)
    [pictures] = predict_pb2.PredictRequest.FromString(request).inputs.values()
    return answer(pictures.tensor_shape.dim[0].size)


@cache
def answer(pictures: int) -> bytes:
    """Return the scores of a batch, serialized."""
    response = predict_pb2.PredictResponse()
    response.model_spec.name = MODEL
    response.model_spec.version.value = 1
    scores = response.outputs["scores"]
    scores.dtype = types_pb2.DT_FLOAT
    for size in (pictures, CLASSES):
        scores.tensor_shape.dim.add(size=size)
    scores.float_val.extend([1 / CLASSES] * (pictures * CLASSES))
    return bytes(response.SerializeToString())


async def serve(port: int, kind: str, call_s: float = 0.0) -> None:
    """Serve on loopback until SIGTERM."""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
    methods = {
        "Predict": grpc.unary_unary_rpc_method_handler(partial(predict, asyncio.Lock(), call_s)),
        "GetModelMetadata": grpc.unary_unary_rpc_method_handler(
            partial(metadata, kind),
            get_model_metadata_pb2.GetModelMetadataRequest.FromString,
            get_model_metadata_pb2.GetModelMetadataResponse.SerializeToString,
        ),
    }
    service = "tensorflow.serving.PredictionService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], float((sys.argv[3:] or ["0"])[0]) / 1000))
