"""/, /static, /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
from functools import partial
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from loadtest import websocket
from server import app
from server.core.concurrency import INITIAL_CALLS
from server.handlers.assets import ROOT
from server.handlers.pages import FileHandler
from server.runtime.metrics import Metrics
from server.transport import httpserver
from server.workers.census import Figures
from server.workers.metrics import WorkersCollector
from tests.server.camera import Camera
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"


async def fetch(served: Served, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(
        served.url(path), method=method, headers=headers, raise_error=False, follow_redirects=False
    )


async def raw(served: Served, request: bytes) -> bytes:
    """Send a request that no client library would send; return the response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


# Health


async def test_healthz_answers_200_without_a_model_server(served: Served) -> None:
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
        f"framewire_calls_limit {INITIAL_CALLS:.1f}",
    ):
        assert line in lines
    assert any(line.startswith("process_open_fds ") for line in lines)
    assert not any("_created" in line for line in lines)


async def test_metrics_are_documented(served: Served) -> None:
    text = OPERATIONS.read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(framewire_\w+)`", text, re.MULTILINE))
    one = Metrics(served.gateway).registry.collect()
    several = WorkersCollector(Figures(os.getpid(), [], None, 0)).collect()
    families = {
        family.name + ("_total" if family.type == "counter" else "") for family in (*one, *several)
    }
    assert listed == {name for name in families if name.startswith("framewire_")}


# Pages

PAGES = sorted(
    f"/static/{path.relative_to(ROOT)}"
    for path in ROOT.rglob("*")
    if path.suffix in (".html", ".js", ".css", ".svg")
)


async def followed(served: Served, path: str) -> HTTPResponse:
    """A file, where a module's own address leads."""
    return await AsyncHTTPClient().fetch(served.url(path))


def page_of(body: bytes) -> bytes:
    """A page as its file has it, without the fingerprint of what it loads."""
    return re.sub(rb"static/[0-9a-f]{16}/", b"static/", body)


async def test_the_page_is_served_at_the_root_only(served: Served) -> None:
    response = await fetch(served, "/")
    assert response.code == 200
    assert page_of(response.body) == (ROOT / "index.html").read_bytes()
    assert response.headers["Content-Type"].startswith("text/html")
    assert (await fetch(served, "/index.html")).code == 404


@pytest.mark.parametrize("path", ["/", *PAGES])
async def test_every_page_loads_from_this_host_only(served: Served, path: str) -> None:
    response = await followed(served, path)
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
async def test_scripts_and_styles_have_their_content_type(served: Served, path: str) -> None:
    kinds = {".js": "javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg"}
    response = await followed(served, path)
    assert kinds[Path(path).suffix] in response.headers["Content-Type"]


async def as_sent(
    served: Served, path: str = "/", method: str = "GET", **headers: str
) -> HTTPResponse:
    """A response whose body is not decompressed."""
    return await AsyncHTTPClient().fetch(
        served.url(path),
        method=method,
        headers=headers,
        raise_error=False,
        decompress_response=False,
    )


GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.mark.parametrize("accepted", [{}, GZIP])
async def test_head_and_not_modified(served: Served, accepted: dict[str, str]) -> None:
    whole = await as_sent(served, **accepted)
    head = await as_sent(served, method="HEAD", **accepted)
    assert (head.code, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))
    etag = whole.headers["Etag"]
    for name in ("Etag", "Vary", "Content-Encoding"):
        assert head.headers.get(name) == whole.headers.get(name)
    for known in (etag, f"W/{etag}"):  # a proxy may have weakened it
        same = await as_sent(served, **accepted, **{"If-None-Match": known})
        assert (same.code, same.body) == (304, b"")
        assert (same.headers["Etag"], same.headers["Vary"]) == (etag, "Accept-Encoding")
        assert "Content-Encoding" not in same.headers
    assert whole.headers["Cache-Control"] == same.headers["Cache-Control"] == "no-cache"


async def test_a_page_is_compressed_for_clients_that_accept_it(served: Served) -> None:
    """On a slow line, the demo page loads in half the time."""
    plain, packed = await as_sent(served), await as_sent(served, **GZIP)
    assert page_of(plain.body) == (ROOT / "index.html").read_bytes()
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 3
    # A cache must not give one client what another one accepted.
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["Etag"] != packed.headers["Etag"]
    other = await as_sent(served, **GZIP, **{"If-None-Match": plain.headers["Etag"]})
    assert (other.code, other.body) == (200, packed.body)


KEPT = "public, max-age=31536000, immutable"


async def fingerprint(served: Served) -> str:
    names = re.findall(rb"static/([0-9a-f]{16})/", (await fetch(served, "/")).body)
    assert len(set(names)) == 1
    return str(names[0].decode())


@pytest.mark.parametrize(
    ("page", "least"), [("", 20), ("docs/", 4)], ids=["the camera page", "the docs"]
)
async def test_a_browser_keeps_what_a_page_loads(served: Served, page: str, least: int) -> None:
    """So a repeat visit asks for the page alone."""
    text = (await fetch(served, f"/{page}")).body.decode()
    loaded = re.findall(r'<(?:script|link)[^>]* (?:src|href)="(?:\.\./)*(static/[^"]+)"', text)
    kept = [path for path in loaded if not path.endswith(".webmanifest")]
    assert len(kept) >= least
    for path in kept:
        response = await as_sent(served, f"/{path}", **GZIP)
        assert (response.code, response.headers["Cache-Control"]) == (200, KEPT)
        assert response.body == (await as_sent(served, f"/{path}", **GZIP)).body
    assert (await fetch(served, "/static/manifest.webmanifest")).headers["Cache-Control"] == (
        "no-cache"
    )


async def test_a_page_that_outlives_an_update_still_loads_parts(served: Served) -> None:
    old = await fetch(served, "/static/0123456789abcdef/page/app.js")
    assert old.body == (ROOT / "page/app.js").read_bytes()
    assert old.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("module", ["framewire.js", "element/framewire-camera.js"])
async def test_a_module_leads_to_the_one_that_is_kept(
    served: Served, module: str, method: str
) -> None:
    """Whoever imports it by its own address: its imports are relative to where it is."""
    response = await fetch(served, f"/static/{module}", method)
    up = "../" * module.count("/")  # relative: a proxy may have put a prefix before it
    assert response.code == 302
    assert response.headers["Location"] == f"{up}{await fingerprint(served)}/{module}"
    assert response.headers["Cache-Control"] == "no-cache"
    followed_to = await followed(served, f"/static/./{module}")
    assert followed_to.headers["Cache-Control"] == KEPT
    assert followed_to.body == (ROOT / module).read_bytes()


async def test_no_address_with_a_fingerprint_leads_elsewhere(served: Served) -> None:
    name = await fingerprint(served)
    for path in (f"{name}/../../setup.cfg", f"{name}//etc/passwd", f"{name}/", f"{name}/page"):
        answer = await raw(served, f"GET /static/{path}".encode())
        assert int(answer.split()[1]) in (403, 404)


async def test_a_file_without_gain_is_sent_as_it_is(served: Served) -> None:
    response = await as_sent(served, "/static/icons/icon-512.png", **GZIP)
    assert response.body == (ROOT / "icons/icon-512.png").read_bytes()
    assert not {"Content-Encoding", "Vary"} & set(response.headers)


async def test_parts_are_parts_of_the_file_itself(served: Served) -> None:
    """A client that adds a part to what it has must not mix a file with its compressed form."""
    part = {**GZIP, "Range": "bytes=10-19"}
    plain, packed = await as_sent(served), await as_sent(served, **GZIP)
    page = plain.body
    for condition in ({}, {"If-Range": plain.headers["Etag"]}):
        response = await as_sent(served, **part, **condition)
        assert (response.code, response.body) == (206, page[10:20])
        assert response.headers["Etag"] == plain.headers["Etag"]
        assert "Content-Encoding" not in response.headers
    for outdated in (packed.headers["Etag"], '"another"', "Mon, 30 Nov 2026 12:00:00 GMT"):
        response = await as_sent(served, **part, **{"If-Range": outdated})
        assert (response.code, response.body) == (200, packed.body)
    beyond = await as_sent(served, **GZIP, Range="bytes=9999999-")
    assert (beyond.code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(page)}")


async def test_a_file_that_changes_is_sent_anew(tmp_path: Path) -> None:
    """An update must not wait for the gateway's restart: browsers would mix two releases."""
    socket, port = bind_unused_port()
    server = HTTPServer(Application([(r"/(.+)", FileHandler, {"path": str(tmp_path)})]))
    server.add_socket(socket)
    ask = partial(AsyncHTTPClient().fetch, f"http://127.0.0.1:{port}/file.js", raise_error=False)
    (tmp_path / "file.js").write_text("before " * 100)
    before = await ask()
    (tmp_path / "file.js").write_text("after " * 100)
    after = await ask(headers={"If-None-Match": before.headers["Etag"]})
    server.stop()
    assert (before.body, after.code, after.body) == (b"before " * 100, 200, b"after " * 100)


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


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/nothing", "/static/missing.js", "/index.html", "/%3Cscript%3E"])
async def test_a_browser_gets_a_404_page_with_a_link_home(served: Served, path: str) -> None:
    response = await fetch(served, path, Accept=BROWSER)
    assert response.code == 404
    assert response.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert response.headers["Vary"] == "Accept"
    page = response.body.decode()
    assert f"<code>{path}</code>" in page
    # Relative to the gateway's own pages, wherever a proxy has put them.
    home = "../" * (path.count("/") - 1) or "./"
    assert f'<base href="{home}">' in page
    for file in re.findall(r'"(static/[^"]+)"', page):
        assert (await fetch(served, f"/{file}")).code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/nothing", "*/*"),
        ("/nothing", "application/json"),
        ("/nothing", ""),
        ("/v1/nothing", "*/*"),
        ("/v1/nothing", BROWSER),
        ("/v1/infer/", "*/*"),
    ],
)
async def test_a_program_gets_a_404_that_lists_the_addresses(
    served: Served, method: str, path: str, accept: str
) -> None:
    body = b"x" if method in ("POST", "PUT", "PATCH") else None
    response = await AsyncHTTPClient().fetch(
        served.url(path), method=method, body=body, headers={"Accept": accept}, raise_error=False
    )
    assert response.code == 404
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    fields = json.loads(response.body)
    assert (fields["type"], fields["code"], fields["retryable"]) == ("error", "not_found", False)
    assert path in fields["message"]
    assert "POST /v1/infer" in fields["message"]


async def test_head_of_an_unknown_url(served: Served) -> None:
    response = await fetch(served, "/nothing", "HEAD")
    assert (response.code, response.body) == (404, b"")


async def test_a_path_cannot_forge_a_log_line(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    answer = await raw(served, b"GET /static/../x%0aINFO%20forged")
    assert answer.split()[1] == b"404"
    assert "forged" not in caplog.text


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://h/healthz", b"200"),
        ("HTTPS://user@h:8888/healthz?x=1", b"200"),
        ("http://h", b"200"),
        ("http:///healthz", b"404"),
        ("ftp://h/healthz", b"404"),
        ("http://[h/healthz", b"404"),
        ("healthz", b"404"),
        ("http://h/ws", b"426"),
    ],
)
async def test_a_target_with_scheme_and_host(served: Served, target: str, status: bytes) -> None:
    """As some proxies send it (RFC 9112, 3.2.2)."""
    answer = await raw(served, f"GET {target}".encode())
    assert answer.split()[1] == status


@pytest.mark.parametrize(("host", "status"), [(b"127.0.0.1", b"101"), (b"evil.example", b"403")])
async def test_the_host_in_the_target_replaces_the_headers(
    served: Served, host: bytes, status: bytes
) -> None:
    """A page from another host must not pass for one of the gateway's own."""
    head = websocket.handshake().replace(b"GET /ws", b"GET http://" + host + b"/ws")
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head.removesuffix(b"\r\n") + b"Origin: http://127.0.0.1\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 20)).split()[1] == status
    writer.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_pages_are_read_only(served: Served, method: str) -> None:
    for path in ("/", "/static/index.html", "/healthz", "/readyz", "/metrics"):
        answer = await raw(served, f"{method} {path}".encode())
        assert answer.split()[1] == b"405"
        assert b"Allow: GET, HEAD" in answer
        assert b'"message":"Method Not Allowed: use GET"' in answer


async def test_an_idle_connection_is_closed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpserver, "IDLE_S", 1.0)
    served = serve()
    session = await SocketClient.open(served)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()
    # A session may be idle for longer, because it is pinged.
    await session.works()


@pytest.mark.parametrize("path", ["/", "/static/index.html", "/healthz", "/metrics", "/ws", "/no"])
async def test_an_unexpected_body_is_not_buffered(served: Served, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    length = app.STRAY_BODY_BYTES + 1
    writer.write(f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n".encode())
    # Answered before any of the body arrives.
    answer = await asyncio.wait_for(reader.read(), 20)
    assert answer.startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_an_unexpected_body_has_a_deadline(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "STRAY_BODY_S", 0.05)
    served = serve()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"POST /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx")
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()
