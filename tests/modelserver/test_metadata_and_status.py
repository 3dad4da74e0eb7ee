"""GetModelMetadata, GetModelStatus, the health service and reflection."""

from __future__ import annotations

import socket
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from modelserver.status import CannotListen
from tests.modelserver.client import Client, refused, spec
from tests.modelserver.conftest import Serve


def signatures(response: object) -> dict[str, object]:
    unpacked = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(unpacked)
    return dict(unpacked.signature_def)


def test_metadata_holds_all_signatures(client: Client) -> None:
    response = client.metadata("several")
    assert (response.model_spec.name, response.model_spec.version.value) == ("several", 1)
    found = signatures(response)
    assert {"serving_default", "grid", "describe", "__saved_model_init_op"} == set(found)
    assert set(found["serving_default"].inputs) == {"a", "b"}
    assert [dim.size for dim in found["grid"].inputs["grid"].tensor_shape.dim] == [2, 3]
    assert not found["describe"].inputs


@pytest.mark.parametrize(
    ("model", "fields", "code", "message"),
    [
        ("several", [], "INVALID_ARGUMENT", "must specify at least one metadata_field"),
        ("several", ["graph"], "INVALID_ARGUMENT", "Metadata field graph is not supported"),
        ("unknown", ["signature_def"], "NOT_FOUND", "Servable not found for request: Latest"),
        (spec("several", 4), ["signature_def"], "NOT_FOUND", "Specific(several, 4)"),
        ("", ["signature_def"], "INVALID_ARGUMENT", "ModelSpec has no name specified."),
    ],
)
def test_metadata_refused(
    client: Client, model: object, fields: list[str], code: str, message: str
) -> None:
    with refused() as error:
        client.metadata(model, fields)
    assert error.code == code
    assert message in error.message


def test_metadata_and_status_without_a_spec(client: Client) -> None:
    with refused() as error:
        client.prediction.GetModelMetadata(get_model_metadata_pb2.GetModelMetadataRequest())
    assert (error.code, error.message) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    with refused() as error:
        client.models.GetModelStatus(get_model_status_pb2.GetModelStatusRequest())
    assert (error.code, error.message) == ("INVALID_ARGUMENT", "Missing ModelSpec")


def test_the_status_of_one_version(client: Client) -> None:
    [status] = client.status(spec("half_plus", 1))
    assert (status.version, status.state) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE)
    assert (status.status.error_code, status.status.error_message) == (0, "")
    assert client.status(spec("half_plus", label="nonsense")) == [status], "labels are ignored"


def test_status_of_nothing(client: Client) -> None:
    with refused() as error:
        client.status("unknown")
    assert (error.code, error.message) == (
        "NOT_FOUND",
        "Could not find any versions of model unknown",
    )
    with refused() as error:
        client.status(spec("half_plus", 9))
    assert (error.code, error.message) == (
        "NOT_FOUND",
        "Could not find version 9 of model half_plus",
    )


def health(client: Client, service: str) -> int:
    stub = health_pb2_grpc.HealthStub(client.channel)
    return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status


def test_health_is_off_by_default(client: Client) -> None:
    with refused() as error:
        health(client, "")
    assert error.code == "UNIMPLEMENTED"


def test_health_with_the_flag(serve: Serve, models: Path) -> None:
    client = serve(model_base_path=models / "half_plus", enable_grpc_healthcheck_service=True)
    for service in ("", "ModelService", "PredictionService"):
        assert health(client, service) == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health(client, "Other")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_unix_socket(serve: Serve, models: Path, tmp_path: Path) -> None:
    path = tmp_path / "grpc.sock"
    client = serve(model_base_path=models / "half_plus", grpc_socket_path=path)
    assert client.states("default") == [(1, "AVAILABLE")]


def test_a_port_in_use(serve: Serve, models: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))
        holder.listen()
        port = holder.getsockname()[1]
        problem = f"cannot listen on .*:{port}; choose another with --port"
        with pytest.raises(CannotListen, match=problem):
            serve(model_base_path=models / "half_plus", port=port)


def test_reflection_describes_the_services_and_their_messages(client: Client) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    questions = (
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(
            file_containing_symbol="tensorflow.serving.PredictionService"
        ),
    )
    services, file = stub.ServerReflectionInfo(iter(questions), timeout=10)
    assert {service.name for service in services.list_services_response.service} == {
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    described = [
        descriptor_pb2.FileDescriptorProto.FromString(serialized)
        for serialized in file.file_descriptor_response.file_descriptor_proto
    ]
    methods = {m.name for d in described for service in d.service for m in service.method}
    assert methods >= {"Predict", "Classify", "Regress", "MultiInference", "GetModelMetadata"}
