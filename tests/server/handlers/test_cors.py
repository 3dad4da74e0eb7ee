"""Pages from other hosts: CORS for uploads and logins, and the scheme behind a proxy."""

from __future__ import annotations

import json
import logging

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse

from server.runtime.metrics import Metrics
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.samples import picture

PAGE = "https://page.example"
BOTH = pytest.mark.parametrize("path", ["/v1/infer", "/v1/login"])


async def ask(
    served: Served, path: str, method: str = "POST", body: bytes | None = None, **headers: str
) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(
        served.url(path),
        method=method,
        body=body,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        allow_nonstandard_methods=True,
        raise_error=False,
    )


@BOTH
async def test_preflight_requests(serve: Serve, path: str) -> None:
    served = serve(allowed_origins=PAGE)
    found = await ask(served, path, "OPTIONS", Origin=PAGE, Access_Control_Request_Method="POST")
    assert found.code == 204
    assert found.headers["Access-Control-Allow-Origin"] == PAGE
    assert found.headers["Access-Control-Allow-Methods"] == "POST"
    assert "Authorization" in found.headers["Access-Control-Allow-Headers"]
    assert found.headers["Vary"] == "Origin"
    foreign = await ask(served, path, "OPTIONS", Origin="https://foreign.example")
    assert foreign.code == 403
    assert "Access-Control-Allow-Origin" not in foreign.headers


@BOTH
async def test_foreign_pages_are_rejected(
    served: Served, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for origin in (PAGE, "null", "nonsense", "http://[broken"):
        found = await ask(served, path, body=picture(), Origin=origin)
        assert (found.code, json.loads(found.body)["code"]) == (403, "forbidden_origin")
        assert "Access-Control-Allow-Origin" not in found.headers
    assert served.puppet.calls == []
    assert f"{path} from 127.0.0.1 rejected: pages from {PAGE!r}" in caplog.text
    value = Metrics(served.gateway).registry.get_sample_value
    labels = {"path": path, "code": "forbidden_origin"}
    assert value("framewire_refused_requests_total", labels) == 4


async def test_an_allowed_page_can_read_answers_and_errors(serve: Serve) -> None:
    served = serve(allowed_origins=f"{PAGE}, https://*.other.example")
    for origin in (PAGE, "https://a.other.example", f"http://127.0.0.1:{served.port}"):
        good = await ask(served, "/v1/infer", body=picture(), Origin=origin)
        assert (good.code, good.headers["Access-Control-Allow-Origin"]) == (200, origin)
        bad = await ask(served, "/v1/infer", body=b"x", Origin=origin)
        assert (bad.code, bad.headers["Access-Control-Allow-Origin"]) == (400, origin)
        other = await ask(served, "/v1/infer", "DELETE", Origin=origin)
        assert (other.code, other.headers["Access-Control-Allow-Origin"]) == (405, origin)


async def test_a_client_without_origin_is_not_a_page(served: Served) -> None:
    for headers in ({}, {"Origin": ""}):
        found = await ask(served, "/v1/infer", body=picture(), **headers)
        assert found.code == 200
        assert "Access-Control-Allow-Origin" not in found.headers


async def test_a_rejected_handshake_gives_the_reason(served: Served) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await SocketClient.connect(served, headers={"Origin": PAGE})
    answer = caught.value.response
    assert answer is not None
    assert answer.code == 403
    assert json.loads(answer.body) == {
        "type": "error",
        "code": "forbidden_origin",
        "message": f"pages from {PAGE!r} may not connect to this gateway",
        "retryable": False,
    }


@pytest.mark.parametrize(
    ("trusted", "origin", "status"),
    [
        ("127.0.0.1", "https://cameras.example", 200),
        ("127.0.0.1", "http://cameras.example", 403),
        # Headers from an untrusted peer prove nothing, so both schemes are accepted.
        ("10.0.0.1", "https://cameras.example", 200),
        ("10.0.0.1", "http://cameras.example", 200),
    ],
)
async def test_the_scheme_behind_a_proxy(
    serve: Serve, trusted: str, origin: str, status: int
) -> None:
    served = serve(trusted_proxies=trusted)
    found = await ask(
        served,
        "/v1/infer",
        body=picture(),
        Host="cameras.example",
        Origin=origin,
        X_Forwarded_Proto="https",
    )
    assert found.code == status
