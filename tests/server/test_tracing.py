"""Traces of sampled frames: from a client's socket to a model server and an OTLP collector."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient
from tornado.testing import bind_unused_port

from server import tracing
from server.access.control import AccessControl
from server.app import http_server, open_tracer
from server.backend.serving import TensorFlowServing
from server.runtime.gateway import Gateway
from server.settings import Settings, WrongSetting
from tests.server.backend.puppet_models import detector
from tests.server.backend.puppet_server import Puppet
from tests.server.camera import assert_balanced
from tests.server.handlers.conftest import Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.otlp_collector import Collector, attributes
from tests.server.samples import picture
from tests.server.waiting import until

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{SPAN}-01"
NOT_SAMPLED = f"00-{TRACE}-{SPAN}-00"
STAGES = ["receive", "wait", "call", "answer", "write"]


@pytest.fixture
def collector() -> Iterator[Collector]:
    listening = Collector()
    yield listening
    listening.stop()


@pytest.fixture
def model_server() -> Iterator[Puppet]:
    server = Puppet()
    server.models["digits", None] = detector()
    server.start()
    yield server
    server.stop()


@dataclass
class Traced:
    """A gateway on a real port, and what its collector has once it stops."""

    served: Served
    collector: Collector
    stop: Callable[[], Any]


StartTraced = Callable[..., Any]


@pytest_asyncio.fixture
async def start(collector: Collector, model_server: Puppet) -> AsyncIterator[StartTraced]:
    """Starts gateways that send traces to the collector."""
    running: list[Traced] = []

    async def started(**values: Any) -> Traced:
        defaults = {"otlp_endpoint": collector.endpoint, "trace_share": 0.0}
        settings = Settings(**{"max_staleness_ms": 600_000, **defaults, **values})
        tracer = open_tracer(settings)
        assert tracer is not None
        backend = tracer.traced(TensorFlowServing(model_server.address))
        access = AccessControl.from_settings(settings)
        gateway = Gateway(settings, backend, tracer=tracer)
        server = http_server(gateway, settings, access)
        socket, port = bind_unused_port()
        server.add_socket(socket)
        gateway.start()

        async def stop() -> None:
            running.remove(traced)
            server.stop()
            await gateway.drain(5)
            await server.close_all_connections()
            await backend.close()
            await asyncio.to_thread(tracer.close)
            assert_balanced(gateway)

        served = Served(port, gateway, None, settings, access)  # type: ignore[arg-type]
        traced = Traced(served, collector, stop)
        running.append(traced)
        await asyncio.wait_for(gateway.became_ready(), 20)
        return traced

    yield started
    for traced in list(running):
        await traced.stop()


def ids(span: Any) -> tuple[str, str]:
    """A span's parent and its own id."""
    return span.parent_span_id.hex(), span.span_id.hex()


async def test_a_frame_is_followed_from_its_client_to_the_model_server(
    start: StartTraced,
    collector: Collector,
    model_server: Puppet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # for the web, not for the collector
    traced = await start()
    client = await SocketClient.open(traced.served)
    before = time.time_ns()
    client.shoot(1, traceparent=SAMPLED)
    assert (await client.read())["type"] == "result"
    after = time.time_ns()
    await traced.stop()
    [frame], [batch] = collector.named("frame"), collector.named("batch")
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert ids(frame)[0] == SPAN
    stages = [collector.named(name)[0] for name in STAGES]
    assert {ids(stage)[0] for stage in stages} == {ids(frame)[1]}
    assert ids(batch)[0] == ids(stages[2])[1]
    # Each begins where the one before it ends, and together they are the frame.
    edges = [frame.start_time_unix_nano]
    for stage in stages:
        assert stage.start_time_unix_nano == pytest.approx(edges[-1], abs=2_000_000)
        assert stage.start_time_unix_nano >= edges[-1]
        edges.append(stage.end_time_unix_nano)
    assert edges == sorted(edges)
    assert frame.end_time_unix_nano == edges[-1]
    assert before - 50_000_000 < edges[0] < edges[-1] < after + 50_000_000
    [metadata] = [found for found in model_server.metadata if "traceparent" in found]
    assert metadata["traceparent"] == f"00-{TRACE}-{ids(batch)[1]}-01"
    assert collector.resource["service.name"] == "framewire"


async def test_spans_say_what_became_of_the_frame(start: StartTraced, collector: Collector) -> None:
    traced = await start()
    client = await SocketClient.open(traced.served)
    client.shoot(1, traceparent=SAMPLED)
    await client.read()
    await traced.stop()
    said = attributes(collector.named("frame")[0])
    session = said.pop("framewire.session")
    assert len(session) == 16
    assert said == {
        "framewire.model": "digits",
        "framewire.signature": "serving_default",
        "framewire.frame.id": "1",
        "framewire.frame.format": "jpeg",
        "framewire.frame.bytes": len(picture()),
        "framewire.frame.width": 64,
        "framewire.frame.height": 48,
        "framewire.outcome": "result",
        "framewire.version": 7,
        "framewire.batch.size": 1,
    }


async def test_a_batch_links_its_sampled_frames(
    start: StartTraced, collector: Collector, model_server: Puppet
) -> None:
    traced = await start(max_calls=1)
    model_server.hold()
    clients = [await SocketClient.open(traced.served) for _ in range(4)]
    clients[0].shoot(1)
    await asyncio.to_thread(model_server.wait_for_requests, 1)
    for number, client in enumerate(clients[1:], 1):
        trace = f"00-{number:032x}-{number:016x}-01"
        client.shoot(1, **({"traceparent": trace} if number < 3 else {}))
    await until(lambda: traced.served.gateway.statistics().waiting == 3)
    model_server.release()
    for client in clients:
        assert (await client.read())["type"] == "result"
    await traced.stop()
    [batch] = collector.named("batch")
    frames, calls = collector.named("frame"), collector.named("call")
    assert {link.span_id for link in batch.links} == {frame.span_id for frame in frames}
    assert len(frames) == 2
    assert [[link.span_id for link in call.links] for call in calls] == [[batch.span_id]] * 2
    assert attributes(batch)["framewire.batch.size"] == 3
    assert batch.trace_id in {call.trace_id for call in calls}


async def test_frames_without_a_result_end_their_traces(
    start: StartTraced, collector: Collector, model_server: Puppet
) -> None:
    traced = await start(max_calls=1)
    model_server.hold()
    client = await SocketClient.open(traced.served)
    leaver = await SocketClient.open(traced.served)
    client.shoot(1)
    await asyncio.to_thread(model_server.wait_for_requests, 1)
    client.shoot(2, traceparent=SAMPLED)
    client.shoot(3)
    assert (await client.read())["reason"] == "superseded"
    leaver.shoot(1, traceparent=SAMPLED)
    await until(lambda: traced.served.gateway.statistics().accepted == 4)
    leaver.socket.close()
    await until(lambda: traced.served.gateway.statistics().sessions == 1)
    model_server.release()
    await traced.stop()
    frames = [attributes(frame) for frame in collector.named("frame")]
    assert [frame["framewire.outcome"] for frame in frames] == ["dropped"] * 2
    assert [frame["framewire.reason"] for frame in frames] == ["superseded", "disconnected"]
    assert not collector.named("call")


async def test_a_failed_call_is_an_error(
    start: StartTraced, collector: Collector, model_server: Puppet
) -> None:
    traced = await start()
    client = await SocketClient.open(traced.served)
    model_server.rejects = "cannot decode"
    client.shoot(1, traceparent=SAMPLED)
    assert (await client.read())["code"] == "bad_frame"
    await traced.stop()
    [frame], [batch] = collector.named("frame"), collector.named("batch")
    assert (frame.status.code, frame.status.message) == (2, "bad_frame")
    assert (batch.status.code, batch.status.message) == (2, "BatchRejected")


@pytest.mark.parametrize(
    "traceparent", [NOT_SAMPLED, "", "00-xyz", 5, f"00-{'0' * 32}-{SPAN}-01", SAMPLED[:-1]]
)
async def test_what_is_not_sampled_or_invalid_is_not_followed(
    start: StartTraced, collector: Collector, model_server: Puppet, traceparent: object
) -> None:
    traced = await start()
    client = await SocketClient.open(traced.served)
    client.shoot(1, traceparent=traceparent)
    assert (await client.read())["type"] == "result"
    await traced.stop()
    assert collector.spans == []
    assert not [found for found in model_server.metadata if "traceparent" in found]


async def test_a_share_is_followed_in_the_trace_of_the_session(
    start: StartTraced, collector: Collector
) -> None:
    traced = await start(trace_share=1.0)
    client = await SocketClient.open(traced.served, traceparent=NOT_SAMPLED)
    stranger = await SocketClient.open(traced.served)
    for camera in (client, stranger):
        await camera.works(1)
    await traced.stop()
    parents = {span.trace_id.hex(): span.parent_span_id.hex() for span in collector.named("frame")}
    assert len(parents) == 2
    assert parents.pop(TRACE) == SPAN
    assert list(parents.values()) == [""]


async def test_what_clients_ask_for_is_bounded(
    start: StartTraced, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "MOST_PER_S", 0.001)
    monkeypatch.setattr(tracing, "BURST", 3)
    traced = await start()
    client = await SocketClient.open(traced.served)
    for number in range(6):
        client.shoot(number, traceparent=SAMPLED)
        await client.read()
    await traced.stop()
    assert len(collector.named("frame")) == 3


async def test_an_upload_is_followed_by_its_header(
    start: StartTraced, collector: Collector
) -> None:
    traced = await start()
    answer = await AsyncHTTPClient().fetch(
        traced.served.url("/v1/infer"),
        method="POST",
        body=picture(),
        headers={"traceparent": SAMPLED},
    )
    assert answer.code == 200
    await traced.stop()
    [frame] = collector.named("frame")
    assert (frame.trace_id.hex(), frame.parent_span_id.hex()) == (TRACE, SPAN)


async def test_a_collector_that_is_gone_costs_no_frame(
    start: StartTraced, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "EXPORT_TIMEOUT_S", 0.2)
    traced = await start(trace_share=1.0)
    collector.stop()
    client = await SocketClient.open(traced.served)
    for number in range(5):
        await client.works(number)
    await traced.stop()
    assert collector.spans == []


def test_a_gateway_without_opentelemetry_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "server.tracing", None)
    with pytest.raises(WrongSetting, match=r"pip install 'framewire\[otel\]'"):
        open_tracer(Settings(otlp_endpoint="http://127.0.0.1:4317"))
