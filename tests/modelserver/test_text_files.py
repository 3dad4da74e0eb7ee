"""The text files that flags name: a polled model config, TLS."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import prediction_service_pb2_grpc

from loadtest.stack import free_port
from modelserver.__main__ import main
from modelserver.options import batching, credentials, text_files
from modelserver.status import ServingError
from tests.modelserver.client import floats, predict_request, refused
from tests.modelserver.conftest import Serve

X = floats(2)


PAIR = 'server_key: "-----BEGIN" server_cert: "-----BEGIN"'


def entry(name: str, base: Path) -> str:
    return f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" }}'


def replace_text(file: Path, text: str) -> None:
    """Write a file as a careful editor does, so that no half of it is read."""
    new = file.with_suffix(".new")
    new.write_text(text)
    os.rename(new, file)


def test_a_polled_config_file(serve: Serve, models: Path, tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    a, b = entry("a", models / "half_plus"), entry("b", models / "half_plus")
    file.write_text(f"model_config_list {{ {a} }}")
    client = serve(model_config_file=file, model_config_file_poll_wait_seconds=0.05)
    replace_text(file, "model_config_list {")
    replace_text(file, f"model_config_list {{ {b} }}")
    client.wait_for("b", v1="AVAILABLE")
    client.wait_for("a", v1="END")
    assert client.predict("b", {"x": X})["y"].tolist() == [3.0]
    file.unlink()
    replace_text(file, f"model_config_list {{ {a} {b} }}")
    client.wait_for("a", v1="AVAILABLE")


def test_every_described_type_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 8 }  # a comment\nbatch_timeout_micros { value: 100 }\n"
        'thread_pool_name { value: "p" } allowed_batch_sizes: [ 2, 4, 8 ]\n'
        "pad_variable_length_inputs: true enable_large_batch_splitting { value: true }"
    )
    read = text_files.read(str(file), text_files.new("BatchingParameters"))
    assert read.max_batch_size.value == 8
    assert list(read.allowed_batch_sizes) == [2, 4, 8]
    assert not read.HasField("num_batch_threads")


def certificate(folder: Path) -> tuple[str, str]:
    """A key and a certificate for localhost, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost -keyout {key} -out {cert}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return key.read_text(), cert.read_text()


def quoted(pem: str) -> str:
    return '"' + pem.replace("\n", "\\n") + '"'


@pytest.mark.parametrize("client_verify", [False, True])
def test_tls_as_the_configuration_file_says(
    serve: Serve, models: Path, tmp_path: Path, client_verify: bool
) -> None:
    key, cert = certificate(tmp_path)
    file = tmp_path / "ssl.config"
    file.write_text(
        f"server_key: {quoted(key)}\nserver_cert: {quoted(cert)}\n"
        f"custom_ca: {quoted(cert)}\nclient_verify: {str(client_verify).lower()}"
    )
    port = free_port()
    plain = serve(model_base_path=models / "half_plus", ssl_config_file=file, port=port)
    with refused() as error:
        plain.predict("default", {"x": X})
    assert error.code == "UNAVAILABLE"
    pair = (key.encode(), cert.encode()) if client_verify else (None, None)
    credentials = grpc.ssl_channel_credentials(cert.encode(), *pair)
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.Predict(predict_request("default", {"x": X}), timeout=30)
    assert list(answer.outputs["y"].float_val) == [3.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('server_key: "k"', "server_key and server_cert are required"),
        (f"{PAIR} client_verify: true", "requires custom_ca"),
        ('server_key: "/a.key" server_cert: "/a.pem"', "server_key must be the PEM text itself"),
        ('key: "k"', "no field named"),
    ],
)
def test_an_invalid_tls_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "ssl.config"
    file.write_text(text)
    with pytest.raises(ServingError, match=message):
        credentials.from_file(str(file))


def test_a_wrong_file_of_batching_parameters(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("max_batch_size: 8")
    with pytest.raises(ServingError, match="a valid file: max_batch_size"):
        batching.read(str(tmp_path / "a"), batching.BatchingParameters())


def test_a_line_end_of_windows_in_a_path_is_visible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([f"--model_base_path={tmp_path}/digits\r"]) == 1
    assert f"{tmp_path}/digits\\r: No such file" in capsys.readouterr().err
