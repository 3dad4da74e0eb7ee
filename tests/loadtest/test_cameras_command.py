"""``loadtest cameras`` as a user runs it, and what it says about servers that it cannot load."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
import re
import socket
import ssl
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgpack
import pytest
from PIL import Image

from loadtest import __main__ as program
from loadtest import procfs
from loadtest.cameras import (
    effort,
    hgrm,
    search,
    servers,
    target,
)
from loadtest.cameras.effort import Effort
from loadtest.cameras.probe import explain, probe
from loadtest.cameras.target import Target, Unusable
from loadtest.stack import ROOT, SecondGateway, Stack
from tests.loadtest import virtual
from tests.loadtest.puppet import Puppet
from tests.server.access import authority


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("one.jpg", "two.png", "three.webp"):
        Image.new("RGB", (64, 48), "gray").save(folder / name)
    return folder


def test_a_gateway_under_load(patient_stack: Stack, pictures: Path, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"report.{kind}" for kind in ("json", "csv", "html")}
    flags = [f"--{kind}={path}" for kind, path in files.items()]
    flags += ["--sessions=4", "--rate=5", "--seconds=1", "--ramp=0.1", "--warm-up=0.2"]
    flags += ["--processes=2", "--max-lag-ms=60000", f"--pictures={pictures}"]
    flags += ["--objective=answered=0.01,max_ms=60000"]
    done = subprocess.run(
        [sys.executable, "-m", "loadtest", "cameras", patient_stack.url, *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "age of a result" in done.stdout
    figures = json.loads(files["json"].read_text())
    assert figures["captured"] == sum(figures["outcomes"].values()) == 20
    assert figures["outcomes"]["result"] >= 1
    assert len(figures["load_generator"]) == 2
    assert [one["met"] for one in figures["objectives"]] == [True, True]
    rows = list(csv.DictReader(files["csv"].open()))
    assert len(rows) >= 20
    assert_self_contained(files["html"].read_text())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_written_costs_no_report(
    patient_stack: Stack, pictures: Path, tmp_path: Path
) -> None:
    """The load may have taken hours, and only then is its summary printed."""
    report = tmp_path / "report.json"
    flags = ["--sessions=1", "--rate=5", "--seconds=1", "--ramp=0", "--warm-up=0"]
    command = [sys.executable, "-m", "loadtest", "cameras", patient_stack.url, *flags]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*command, f"--pictures={pictures}", f"--json={report}"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    message = "python -m loadtest: cannot write the output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)
    assert json.loads(report.read_text())["captured"] >= 4


def test_a_server_that_comes_back_is_found_again(
    demo_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "INTERVAL_S", 0.0)
    monkeypatch.setattr(servers, "LOOK_EVERY_S", 0.0)
    first, watch = demo_stack.gateway.pid, servers.Watch(demo_stack.port)
    watch.sample()
    demo_stack.restart_gateway("--log-level=warning")
    watch.sample()
    watch.sample()
    pids = [server.pid for server in watch.servers]
    assert pids == [first, demo_stack.model_server.pid, demo_stack.gateway.pid]
    assert [len(server.samples) for server in watch.servers] == [1, 3, 1]


def test_the_servers_of_a_port_are_found(demo_stack: Stack) -> None:
    with SecondGateway(demo_stack) as stack:
        assert servers.find(stack.port) == [stack.gateway.pid, stack.model_server.pid]
        assert servers.name(procfs.command(stack.gateway.pid)) == "server"


_RELAY = """
import asyncio, sys

async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

async def serve(reader, writer):
    behind = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    await asyncio.gather(pump(reader, behind[1]), pump(behind[0], writer))

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


def test_a_proxy_leads_to_the_gateway_once_cameras_have_connected(
    demo_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "INTERVAL_S", 0.0)
    monkeypatch.setattr(servers, "LOOK_EVERY_S", 0.0)
    command = [sys.executable, "-c", _RELAY, str(demo_stack.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as relay:
        assert relay.stdout is not None
        port = int(relay.stdout.readline())
        watch = servers.Watch(port)
        assert [server.pid for server in watch.servers] == [relay.pid]
        with socket.create_connection(("127.0.0.1", port)) as camera:
            camera.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert camera.recv(100).startswith(b"HTTP/1.1 200")
            watch.sample()
        relay.kill()
    behind = [demo_stack.gateway.pid, demo_stack.model_server.pid]
    assert [server.pid for server in watch.servers] == [relay.pid, *behind]


def assert_self_contained(page: str) -> None:
    """A page whose elements are closed, that loads nothing, and that explains every chart."""
    parser = _Elements()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r"<(link|script|img|iframe)|@import|url\(|src=", page)
    assert page.count("<svg") >= 4
    assert page.count('class="reading"') == page.count("<section>")


class _Elements(HTMLParser):
    """The elements that are open."""

    EMPTY = frozenset({"meta"})
    IMPLIED = frozenset({"th"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.EMPTY | self.IMPLIED:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_help_needs_no_extra() -> None:
    """Nor anything else that the extra `loadtest` does not install, such as TensorFlow."""
    code = (
        "import sys\nfrom loadtest.__main__ import run\n"
        "try:\n    run(['cameras', '--help'], 'loadtest')\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    loaded = set(shown.stdout.split())
    assert "loadtest.cameras.command" in loaded
    assert not loaded & {"tensorflow", "grpc", "prometheus_client", "numpy", "rich"}


def test_other_load_tests_name_their_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "find_spec", lambda name: None)
    monkeypatch.setattr(program, "tolerate_closed_output", lambda prog: None)
    assert program.run(["churn"], "framewire loadtest") == 2
    assert "pip install 'framewire[demo]'" in capsys.readouterr().err


def refusal(puppet: Puppet, path: str = "/ws", token: str | None = None) -> str:
    """What the tool says about a server."""

    async def work() -> str:
        async with puppet.serving() as where:
            asked = Target(where.host, where.port, path, False, where.ip, token=token)
            with pytest.raises(Unusable) as raised:
                await probe(asked)
            return str(raised.value)

    return virtual.run(work())


def test_sessions_ask_for_what_the_flags_name() -> None:
    puppet = Puppet()

    async def work() -> None:
        async with puppet.serving() as where:
            await probe(replace(where, model="people", label="stable", then="faces"))

    virtual.run(work())
    wanted = {"model": "people", "label": "stable", "then": "faces"}
    assert {name: puppet.hello[name] for name in wanted} == wanted


def told(**options: Any) -> tuple[str | None, str | None]:
    """The header and the token of ``hello`` that a gateway gets."""
    puppet = Puppet()

    async def work() -> None:
        async with puppet.serving() as where:
            await probe(replace(where, **options))

    virtual.run(work())
    return puppet.authorization, puppet.hello.get("token")


def test_a_password_for_a_proxy_is_in_the_url() -> None:
    where = target.parse("wss://ann:p%40ss@example.org/ws")
    assert (where.url, where.host) == ("wss://example.org:443/ws", "example.org")
    assert where.basic == "Basic " + base64.b64encode(b"ann:p@ss").decode()
    assert (
        target.parse("ws://ann@example.org").basic == "Basic " + base64.b64encode(b"ann:").decode()
    )
    assert target.parse("ws://example.org").basic is None


def test_a_token_makes_room_for_the_password_of_a_proxy() -> None:
    assert told(token="abc") == ("Bearer abc", None)
    assert told(basic="Basic x") == ("Basic x", None)
    assert told(token="abc", basic="Basic x") == ("Basic x", "abc")


def test_nothing_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        where = Target("127.0.0.1", unused.getsockname()[1], "/ws", False, "127.0.0.1")
        with pytest.raises(Unusable, match="nothing listens there; start a gateway"):
            virtual.run(probe(where))


def test_a_token_is_missing_or_invalid() -> None:
    assert "requires a valid token: the token is missing; pass one with --token" in refusal(
        Puppet(status=401)
    )
    assert "issue one with `framewire token`" in refusal(Puppet(status=401), token="old")


def test_a_gateway_without_a_model() -> None:
    assert "no model for these frames: no model server answers" in refusal(Puppet(model=None))


def test_a_gateway_with_tls_behind_a_url_without(tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.write(tmp_path, authority.certify("localhost")))

    async def work() -> str:
        async with Puppet(tls=tls).serving() as where:
            with pytest.raises(Unusable) as raised:
                await probe(replace(where, tls=False))
            return str(raised.value)

    assert "a gateway with TLS has a URL with wss://" in virtual.run(work())


@pytest.mark.parametrize(
    ("host", "days", "words"),
    [
        ("elsewhere.example", (-1, 90), "use a host that the certificate names"),
        ("127.0.0.1", (-9, -1), "renew it"),
    ],
)
def test_a_certificate_that_no_ca_would_help(
    tmp_path: Path, host: str, days: tuple[int, int], words: str
) -> None:
    root = authority.certify("root")
    leaf = authority.certify("leaf", root, days=days)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.write(tmp_path, leaf, root))
    ca = tmp_path / "root.pem"
    ca.write_bytes(root.pem)

    async def work() -> str:
        async with Puppet(tls=tls).serving() as where:
            with pytest.raises(Unusable) as raised:
                await probe(replace(where, host=host, ca=str(ca)))
            return str(raised.value)

    said = virtual.run(work())
    assert words in said
    assert "--ca" not in said


def test_a_gateway_that_was_there_needs_no_advice_to_start_it() -> None:
    where = Target("127.0.0.1", 1, "/ws", False, "127.0.0.1")
    assert explain(ConnectionRefusedError(), where, seen=True) == "nothing listens there"


def test_other_servers() -> None:
    assert "not the WebSocket of a Framewire gateway: it answered 200" in refusal(Puppet(), "/page")
    assert "it answered 404; that of a gateway is at /ws" in refusal(Puppet(), "/nothing")
    assert "does not speak framewire.v1" in refusal(Puppet(subprotocol=False))


def said_about(answer: bytes) -> str:
    """What the tool says about a server that answers a handshake with these bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.read()
        writer.close()

    async def work() -> str:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Unusable) as raised:
                await probe(Target("127.0.0.1", port, "/ws", False, "127.0.0.1"))
            return str(raised.value)

    return virtual.run(work())


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return f"{head}\r\n\r\n".encode() + body


_UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: framewire.v1.msgpack\r\n\r\n"
)
_WELCOME = {"type": "welcome", "limits": {"window": 4}}


def sent(**message: Any) -> bytes:
    """A message as it is on the wire."""
    payload = msgpack.packb(message)
    return bytes([0x82, len(payload)]) + payload


_REFUSED = b'{"type": "error", "code": "upgrade_required", "message": "no Upgrade; in nginx: ..."}'


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http("301 Moved", b"", "Location: https://x.example/ws"), "redirects to https://x.exam"),
        (
            http("502 Bad Gateway", b"<h1>502 Bad\nGateway</h1>"),
            "answered 502 in its place: 502 Bad",
        ),
        (http("503 Service Unavailable", b"<p>nothing here"), "503 in its place: nothing here; is"),
        (http("426 Upgrade Required", _REFUSED), "refused the connection: no Upgrade; in nginx"),
        (http("401 Unauthorized", b"<h1>log in"), "answered 401 in its place: log in; use the add"),
        (http("429 Too Many Requests"), "answered 429 in its place: no reason given; use the"),
        (http("400 Bad Request", b"HTTP request sent to HTTPS port"), "URL with wss://"),
        (
            http("400 Bad Request", b"what?"),
            "this is not the WebSocket of a Framewire gateway: it answered 400",
        ),
        (b"HTTP/1.1\r\n\r\n", "the answer is not HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (_UPGRADED + b"\x82\x02\xc1\xc1", "not one of framewire.v1"),
        (_UPGRADED + b"\x82\x01\x07", "not one of framewire.v1: not a map with a type"),
        (_UPGRADED + sent(type="error"), "not one of framewire.v1: 'message' is missing"),
        (_UPGRADED + sent(type="welcome", limits={}), "framewire.v1: 'window' is missing"),
        (_UPGRADED + sent(**_WELCOME, model={"name": "x"}), "framewire.v1: 'version' is missing"),
        (_UPGRADED + sent(**_WELCOME, model="digits"), "not one of framewire.v1: string ind"),
        (_UPGRADED + b"\x88\x05\x03\xe8bye", "the gateway closed the session: bye"),
        (_UPGRADED + b"\x02\x01\x80", "not a WebSocket frame of a gateway"),
        (_UPGRADED + b"\x82\x7f" + (1 << 40).to_bytes(8, "big"), "not a WebSocket frame"),
        (_UPGRADED, "it opened a WebSocket, but sent no welcome within 10 s"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000, "the answer is not HTTP"),
        (b"", "no answer within 10 s"),
        (_UPGRADED.replace(b"msgpack", b"json") + b"\x81\x02{}", "does not speak framewire.v1"),
    ],
)
def test_strange_servers_get_one_line(
    answer: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = said_about(answer)
    assert words in said
    assert "\n" not in said
    assert caplog.records == []  # asyncio logs what a protocol raises


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example", ".example"])
def test_a_host_that_no_name_server_could_know(host: str) -> None:
    with pytest.raises(Unusable, match="there is no host"):
        asyncio.run(target.look_up(target.parse(f"ws://{host}/ws")))


def test_certificates_that_cannot_be_read(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificate")
    for path, words in (
        (empty, "has no certificates in PEM"),
        (tmp_path / "missing", "No such file"),
        (tmp_path, "cannot read the certificates in"),
    ):
        where = Target("127.0.0.1", 9, "/ws", True, "127.0.0.1", ca=str(path))
        with pytest.raises(Unusable, match=words):
            asyncio.run(probe(where))


def test_the_distribution_as_hdrhistogram_prints_it(tmp_path: Path) -> None:
    hgrm.write(tmp_path / "ages.hgrm", [float(ms) for ms in range(1, 1001)])
    head, _, *lines = (tmp_path / "ages.hgrm").read_text().splitlines()
    assert head.split() == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    rows = [line.split() for line in lines if not line.startswith("#")]
    assert rows[0] == ["1.000", "0.000000000000", "1", "1.00"]
    assert ["500.000", "0.500000000000", "500", "2.00"] in rows
    assert rows[-1] == ["1000.000", "1.000000000000", "1000"]
    assert lines[-1].split() == ["#[Max", "=", "1000.000,", "TotalCount", "=", "1000]"]
    hgrm.write(tmp_path / "none.hgrm", [])


def test_when_the_load_generator_is_the_limit() -> None:
    assert effort.bottleneck([Effort(0.5, 5.0, 80.0)]) is None
    busy = effort.bottleneck([Effort(0.1, 1.0, 1.0), Effort(0.97, 5.0, 9.0)])
    assert busy is not None
    assert "97%" in busy
    late = effort.bottleneck([Effort(0.1, 45.0, 60.0)])
    assert late is not None
    assert "45 ms late" in late


@pytest.mark.parametrize(("capacity", "limit"), [(0, 99), (1, 99), (8, 99), (37, 99), (200, 99)])
def test_the_search_finds_the_capacity(capacity: int, limit: int) -> None:
    tried: list[int] = []

    def meets(sessions: int) -> bool:
        tried.append(sessions)
        return sessions <= capacity

    found = search.most(meets, 8, limit)
    assert found <= capacity
    assert found >= min(capacity, limit) * 0.95 - 1
    assert len(tried) == len(set(tried)) <= 10
