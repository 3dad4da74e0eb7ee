"""The REST API as HTTP: paths, methods, headers, bodies, disconnecting clients."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import time
import zlib
from pathlib import Path

import pytest

from loadtest.stack import free_port
from tests.modelserver.client import Client
from tests.modelserver.conftest import Serve
from tests.modelserver.test_rest import error, post


def test_version_and_label(client: Client) -> None:
    for path in ("half_plus/versions/1:predict", "/half_plus/versions/1:predict".lstrip("/")):
        assert post(client, path, {"instances": [2]})[1] == {"predictions": [3.0]}
    assert error(client, "half_plus/versions/9:predict", {"instances": [2]}) == (
        404,
        "Servable not found for request: Specific(half_plus, 9)",
    )
    assert error(client, "half_plus/labels/canary:predict", {"instances": [2]}) == (
        400,
        "Unrecognized servable version label: canary",
    )
    assert error(client, "unknown:predict", {"instances": [2]}) == (
        404,
        "Servable not found for request: Latest(unknown)",
    )


def test_paths_are_case_insensitive(client: Client) -> None:
    status, answer, _ = client.http("POST", "/V1/Models/half_plus:predict", {"instances": [2]})
    assert (status, answer) == (200, {"predictions": [3.0]})


def test_the_status_of_a_model(client: Client) -> None:
    wanted = {
        "version": "1",
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    for path in ("half_plus", "half_plus/versions/1", "half_plus/labels/any"):
        status, answer, headers = client.http("GET", f"/v1/models/{path}")
        assert (status, answer) == (200, {"model_version_status": [wanted]})
        assert headers["Content-Type"] == "application/json"
    status, answer, _ = client.http("GET", "/v1/models/unknown")
    assert (status, answer["error"]) == (404, "Could not find any versions of model unknown")


def test_the_metadata_of_a_model(client: Client) -> None:
    status, answer, _ = client.http("GET", "/v1/models/half_plus/metadata")
    assert status == 200
    assert answer["model_spec"] == {"name": "half_plus", "signature_name": "", "version": "1"}
    default = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    info = default["inputs"]["x"]
    assert info["dtype"] == "DT_FLOAT"
    assert info["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert default["method_name"] == "tensorflow/serving/predict"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nonsense"),
        ("POST", "/v1/models/half_plus"),
        ("POST", "/v1/models/half_plus:explain"),
        ("GET", "/v1/models/half_plus:predict"),
        ("GET", "/v1/models/half_plus/versions/x"),
        ("POST", "/v1/models/half_plus:PREDICT"),
        ("POST", "/v1/models/half_plus:predict?verbose=1"),
        ("POST", "/v1/models/half_plus:predict/"),
        ("POST", "/v1/models/half_plus/versions/1/labels/a:predict"),
        ("GET", "/v1/models/half_plus/"),
        ("GET", "/v1/models/half_plus/versions/-1"),
        ("PUT", "/v1/models/half_plus:predict"),
        ("PATCH", "/v1/models/half_plus"),
        ("DELETE", "/v1/models/half_plus"),
    ],
)
def test_malformed_requests(client: Client, method: str, path: str) -> None:
    status, answer, _ = client.http(method, path, {"instances": [1]} if method != "GET" else None)
    assert (status, answer) == (400, {"error": f"Malformed request: {method} {path}"})


def test_version_too_large(client: Client) -> None:
    path = f"/v1/models/half_plus/versions/{2**63}"
    status, answer, _ = client.http("GET", path)
    assert (status, answer) == (400, {"error": f"Failed to convert version: {2**63} to numeric."})
    status, answer, _ = client.http("GET", f"/v1/models/half_plus/versions/{'9' * 5000}")
    assert status == 400
    assert answer["error"].startswith("Failed to convert version: 999")
    assert client.http("GET", f"/v1/models/half_plus/versions/{'0' * 5000}1")[0] == 200


def test_names_with_escapes(serve: Serve, models: Path) -> None:
    name = "a model/ä"
    client = serve(model_base_path=models / "half_plus", model_name=name, rest_api_port=free_port())
    for escaped in ("a%20model%2F%C3%A4", "a%20model%2f%c3%a4"):
        assert client.http("GET", f"/v1/models/{escaped}")[0] == 200
    # Not escaped, as curl sends what it is given.
    assert request(client, "/v1/models/a%20model%2Fä").startswith("HTTP/1.1 200 ")


def test_a_target_with_scheme_and_host(client: Client) -> None:
    for host in ("http://example.org", "HTTP://example.org:8501"):
        assert request(client, f"{host}/v1/models/half_plus").startswith("HTTP/1.1 200 ")


def request(client: Client, target: str) -> str:
    """Return the first line of the answer to a GET."""
    with socket.create_connection(("localhost", client.rest_port), 10) as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return sock.makefile().readline()


def test_metadata_of_a_version_and_of_none(client: Client) -> None:
    path = "/v1/models/half_plus"
    whole = client.http("GET", f"{path}/metadata")[1]
    assert client.http("GET", f"{path}/versions/1/metadata")[1] == whole
    for rest, status, message in (
        ("/versions/9/metadata", 404, "Servable not found for request: Specific(half_plus, 9)"),
        ("/labels/none/metadata", 400, "Unrecognized servable version label: none"),
    ):
        answer = client.http("GET", path + rest)
        assert answer[:2] == (status, {"error": message})
    answer = client.http("GET", f"{path}/versions/9")
    assert answer[:2] == (404, {"error": "Could not find version 9 of model half_plus"})


def test_a_repeated_status_request_gets_a_full_response(client: Client) -> None:
    first = client.http("GET", "/v1/models/half_plus")
    assert "Etag" not in first[2]
    assert client.http("GET", "/v1/models/half_plus", headers={"If-None-Match": "*"})[0] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("half_plus:predict", b'{"instances": [2], "signature_name": "\\ud800"}'),
        ("half_plus:predict", b'{"instances": [{"\xff": 2}]}'),
        ("examples:classify", b'{"examples": [{"\xff": 2}]}'),
    ],
)
def test_names_that_are_not_utf_8(client: Client, path: str, body: bytes) -> None:
    status, answer, _ = client.http("POST", f"/v1/models/{path}", body)
    assert (status, list(answer)) == (400, ["error"])


def test_no_answer_to_head(client: Client) -> None:
    assert client.http("HEAD", "/v1/models/half_plus")[:2] == (400, "")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_ipv4_and_ipv6(client: Client, host: str) -> None:
    if host == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.create_connection((host, client.rest_port), 10) as sock:
        sock.sendall(b"GET /v1/models/half_plus HTTP/1.0\r\n\r\n")
        assert sock.makefile().readline().startswith("HTTP/1.1 200 ")


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_missing_model_name(client: Client) -> None:
    status, answer, _ = client.http("GET", "/v1/models")
    assert (status, answer) == (400, {"error": "Missing model name in request."})


def test_other_paths_are_not_found(client: Client) -> None:
    assert client.http("GET", "/")[0] == 404


def test_a_body_may_be_compressed(client: Client) -> None:
    body = gzip.compress(json.dumps({"instances": [2]}).encode())
    headers = {"Content-Encoding": "gzip"}
    status, answer, _ = client.http("POST", "/v1/models/half_plus:predict", body, headers)
    assert (status, answer) == (200, {"predictions": [3.0]})
    for broken in (b"no gzip", body[:-4]):
        status, answer, _ = client.http("POST", "/v1/models/half_plus:predict", broken, headers)
        assert status == 400
        assert "gzip" in answer["error"]


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data"],
)
def test_the_content_type_is_ignored(client: Client, kind: str) -> None:
    text = "&a=%zz" * 5000
    body = json.dumps({"inputs": [text]}).encode()
    for sent, encoding in ((body, ""), (gzip.compress(body), "gzip")):
        headers = {"Content-Type": kind, "Content-Encoding": encoding}
        status, answer, _ = client.http("POST", "/v1/models/lengths:predict", sent, headers)
        assert (status, answer["outputs"]["reversed"]) == (200, [text])


def test_a_gzip_body_has_a_size_limit(client: Client) -> None:
    inflated = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    zeros = bytes(2**20)
    body = b"".join([*(inflated.compress(zeros) for _ in range(101)), inflated.flush()])
    headers = {"Content-Encoding": "gzip"}
    status, answer, _ = client.http("POST", "/v1/models/half_plus:predict", body, headers)
    assert (status, answer) == (
        400,
        {"error": "the gzip body is truncated, or larger than 100 MiB"},
    )


def test_cors_is_off_by_default(client: Client, serve: Serve, models: Path) -> None:
    assert "Access-Control-Allow-Origin" not in client.http("GET", "/v1/models/half_plus")[2]
    open_to_all = serve(
        model_base_path=models / "half_plus",
        rest_api_port=free_port(),
        rest_api_enable_cors_support=True,
    )
    headers = open_to_all.http("GET", "/v1/models/default")[2]
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Allow-Methods"] == "POST, GET"
    assert headers["Access-Control-Allow-Headers"] == "Content-Type"
    path = "/v1/models/default:predict"
    assert open_to_all.http("OPTIONS", path, headers={"Origin": "http://example.org"})[0] == 200
    assert open_to_all.http("OPTIONS", path)[0] == 400


def test_a_request_times_out(serve: Serve, models: Path) -> None:
    client = serve(
        model_base_path=models / "slow", rest_api_port=free_port(), rest_api_timeout_in_ms=200
    )
    started = time.monotonic()
    assert post(client, "default:predict", {"inputs": 10**9})[0] == 504
    assert time.monotonic() - started < 10


def test_a_timeout_of_zero_means_no_limit(serve: Serve, models: Path) -> None:
    client = serve(
        model_base_path=models / "half_plus", rest_api_port=free_port(), rest_api_timeout_in_ms=0
    )
    assert post(client, "default:predict", {"inputs": [2]}) == (200, {"outputs": [3.0]})


def test_garbage_and_disconnecting_clients_affect_nobody_else(client: Client) -> None:
    for data in (
        b"\x00\xff\r\n\r\n",
        b"POST /v1/models/half_plus:predict HTTP/1.1\r\nContent-Length",
    ):
        with socket.create_connection(("localhost", client.rest_port)) as sock:
            sock.sendall(data)
    with socket.create_connection(("localhost", client.rest_port)) as sock:
        sock.sendall(b"POST /v1/models/half_plus:predict HTTP/1.1\r\nContent-Length: 99\r\n\r\n{")
    assert post(client, "half_plus:predict", {"instances": [2]})[1] == {"predictions": [3.0]}


def test_a_body_of_30_mb(client: Client) -> None:
    picture = base64.b64encode(bytes(22_000_000)).decode()
    status, answer = post(client, "lengths:predict", f'{{"inputs": [{{"b64": "{picture}"}}]}}')
    assert status == 200
    assert answer["outputs"]["length"] == [22_000_000]
