"""Calls on gRPC's core are the same as those of grpc.aio."""

from __future__ import annotations

import grpc
import grpc.aio
import pytest

from server.backend import directcall
from server.backend.directcall import DirectMethod, WrappedMethod, method_of_bytes
from server.backend.stubs import get_model_metadata_pb2
from tests.server.backend.puppet_models import detector
from tests.server.backend.puppet_server import Puppet

METADATA = "/tensorflow.serving.PredictionService/GetModelMetadata"
Response = get_model_metadata_pb2.GetModelMetadataResponse
PATIENCE_S = 5.0


def request(name: str) -> bytes:
    message = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    message.model_spec.name = name
    encoded: bytes = message.SerializeToString()
    return encoded


@pytest.mark.parametrize("kind", [DirectMethod, WrappedMethod])
async def test_answers_and_errors(
    puppet: Puppet, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    """requirements.txt pins the release that was tried."""
    if kind is WrappedMethod:
        monkeypatch.setattr(directcall, "TRIED", "0.0.")
    puppet.models["digits", None] = detector()
    async with grpc.aio.insecure_channel(puppet.address) as channel:
        method = method_of_bytes(channel, METADATA, Response.FromString)
        assert type(method) is kind
        response, _ = await method(request("digits"), PATIENCE_S, ())
        assert response.model_spec.name == "digits"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await method(request("unknown"), PATIENCE_S, (("traceparent", "00-1-1-00"),))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert "unknown" in (caught.value.details() or "")
