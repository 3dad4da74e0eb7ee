"""/, /static, /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from server import app
from server.handlers.pages import ROOT
from server.runtime.metrics import Metrics
from tests.server.camera import Camera
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"


async def fetch(served: Served, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(
        served.url(path), method=method, headers=headers, raise_error=False, follow_redirects=False
    )


async def raw(served: Served, request: bytes) -> bytes:
    """The answer to a request that no client library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


# Health


async def test_alive(served: Served) -> None:
    response = await fetch(served, "/healthz")
    assert (response.code, json.loads(response.body)) == (200, {"status": "alive"})
    assert (await fetch(served, "/healthz", "HEAD")).code == 200
    served.puppet.go_away()
    assert (await fetch(served, "/healthz")).code == 200


async def test_ready_is_when_frames_can_be_answered(served: Served) -> None:
    await served.gateway.became_ready()
    response = await fetch(served, "/readyz")
    assert (response.code, json.loads(response.body)) == (200, {"status": "ready"})
    served.puppet.go_away()
    response = await fetch(served, "/readyz")
    assert (response.code, json.loads(response.body)["code"]) == (503, "backend_unavailable")
    assert (await fetch(served, "/readyz", "HEAD")).code == 503
    served.puppet.come_back()
    while (await fetch(served, "/readyz")).code == 503:
        pass
    await served.gateway.drain(0)
    response = await fetch(served, "/readyz")
    assert (response.code, json.loads(response.body)["code"]) == (503, "overloaded")


async def test_metrics(served: Served) -> None:
    camera = await Camera(served.gateway).open()
    camera.shoot(1)
    await camera.outcome(1)
    served.puppet.obey = None
    camera.shoot(2)
    call = await served.puppet.next_call()
    response = await fetch(served, "/metrics")
    call.answer()
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    lines = response.body.decode().splitlines()
    for line in (
        "framewire_sessions 1.0",
        "framewire_frames_accepted_total 2.0",
        'framewire_frames_total{outcome="result",reason=""} 1.0',
        "framewire_frames_waiting 0.0",
        "framewire_calls 1.0",
        "framewire_batch_size_count 1.0",
        "framewire_ready 1.0",
        f"framewire_sessions_limit {served.settings.max_sessions:.1f}",
        f"framewire_calls_limit {served.settings.max_calls:.1f}",
    ):
        assert line in lines
    assert any(line.startswith("process_open_fds ") for line in lines)
    assert not any("_created" in line for line in lines)


async def test_metrics_are_documented(served: Served) -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(framewire_\w+)`", text, re.MULTILINE))
    families = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics(served.gateway).registry.collect()
    }
    assert listed == {name for name in families if name.startswith("framewire_")}


# Pages

PAGES = sorted(
    f"/static/{path.relative_to(ROOT)}"
    for path in ROOT.rglob("*")
    if path.suffix in (".html", ".js", ".css", ".svg")
)


async def test_the_page(served: Served) -> None:
    response = await fetch(served, "/")
    assert response.code == 200
    assert response.body == (ROOT / "index.html").read_bytes()
    assert response.headers["Content-Type"].startswith("text/html")
    assert (await fetch(served, "/index.html")).code == 404


@pytest.mark.parametrize("path", ["/", *PAGES])
async def test_every_page_is_kept_to_this_server(served: Served, path: str) -> None:
    response = await fetch(served, path)
    assert response.code == 200
    rules = response.headers["Content-Security-Policy"].split(";")
    policy = dict(rule.strip().split(" ", 1) for rule in rules)
    assert policy["default-src"] == "'self'"
    assert "frame-ancestors" in policy
    for name, sources in policy.items():
        assert not {"*", "'unsafe-inline'", "'unsafe-eval'", "http:", "https:"} & {
            *sources.split()
        }, name
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", PAGES)
async def test_scripts_and_styles_say_what_they_are(served: Served, path: str) -> None:
    kinds = {".js": "javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg"}
    response = await fetch(served, path)
    assert kinds[Path(path).suffix] in response.headers["Content-Type"]


async def test_head_and_what_has_not_changed(served: Served) -> None:
    whole = await fetch(served, "/")
    head = await fetch(served, "/", "HEAD")
    assert (head.code, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))
    etag = whole.headers["Etag"]
    assert head.headers["Etag"] == etag
    same = await fetch(served, "/", **{"If-None-Match": etag})
    assert (same.code, same.body) == (304, b"")
    assert whole.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "target",
    [
        "/static/../setup.cfg",
        "/static/../server/app.py",
        "/static/%2e%2e/setup.cfg",
        "/static/..%2fsetup.cfg",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/page/../../setup.cfg",
        "/static/..\\setup.cfg",
        "/static/%00",
        "/../setup.cfg",
        "//setup.cfg",
        "/static/page",
        "/static/",
        "/static/missing.js",
        "/setup.cfg",
        "/v1/nothing",
    ],
)
async def test_nothing_else_is_served(served: Served, target: str) -> None:
    answer = await raw(served, f"GET {target}".encode())
    status = int(answer.split()[1])
    assert status in (400, 403, 404), answer
    for secret in (b"[metadata]", b"root:", b"import", b"Traceback"):
        assert secret not in answer


async def test_no_address_writes_lines_into_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    answer = await raw(served, b"GET /static/../x%0aINFO%20forged")
    assert answer.split()[1] == b"404"
    assert "forged" not in caplog.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_pages_are_read_only(served: Served, method: str) -> None:
    for path in ("/", "/static/index.html", "/healthz", "/readyz", "/metrics"):
        answer = await raw(served, f"{method} {path}".encode())
        assert answer.split()[1] == b"405"


async def test_a_connection_that_asks_nothing_is_closed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "IDLE_S", 0.2)
    served = serve()
    session = await SocketClient.open(served)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    # A session may be silent for longer: it is pinged.
    await session.works()


@pytest.mark.parametrize("path", ["/", "/static/index.html", "/healthz", "/metrics", "/ws", "/no"])
async def test_a_body_where_none_is_taken_is_not_kept(served: Served, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    length = app.STRAY_BODY_BYTES + 1
    writer.write(f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n".encode())
    # Answered before any of it has come.
    answer = await asyncio.wait_for(reader.read(), 5)
    assert answer.startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "STRAY_BODY_S", 0.05)
    served = serve()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx")
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
