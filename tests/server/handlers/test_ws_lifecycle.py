"""A connection's lifecycle: pings, slow readers, timeouts and draining."""

from __future__ import annotations

import asyncio
import gc

import pytest

from server.core.answers import Tensor, Tensors
from server.runtime.metrics import Metrics
from server.transport.encodings import MSGPACK
from server.transport.socketstream import SocketStream
from server.transport.websocket import WebSocketProtocol
from tests.server.camera import accounts
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.puppet import Call, answer_to
from tests.server.raw_peer import RawPeer
from tests.server.samples import frame_fields, picture
from tests.server.waiting import turn, until


def sessions(served: Served) -> float | None:
    return Metrics(served.gateway).registry.get_sample_value("framewire_sessions")


# Pings of both kinds


@pytest.mark.parametrize("t", [0, 17.25, "now", None])
async def test_ping_is_answered_with_the_same_t(served: Served, t: object) -> None:
    client = await SocketClient.connect(served)
    client.send({"type": "ping", "t": t})  # even before hello
    assert await client.read() == {"type": "pong", "t": t}


async def test_pongs_come_while_inference_hangs(serve: Serve) -> None:
    served = serve(max_calls=2)
    served.puppet.obey = None
    client = await SocketClient.open(served)
    client.shoot(1)
    call = await served.puppet.next_call()
    client.shoot(2)
    await served.puppet.next_call()
    for number in range(3, 30):
        client.shoot(number)
    ponged: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    client.socket.on_pong = ponged.set_result  # type: ignore[method-assign]
    client.socket.ping(b"alive?")
    client.send({"type": "ping", "t": 1})
    # Two frames are in flight and one waits; the others already have their outcome.
    for number in range(3, 29):
        assert await client.read() == {"type": "dropped", "id": number, "reason": "superseded"}
    assert await asyncio.wait_for(ponged, 20) == b"alive?"
    assert await client.read() == {"type": "pong", "t": 1}
    assert not call.ended.done()


async def test_a_peer_without_pongs_is_closed(serve: Serve) -> None:
    served = serve(ping_s=0.1)
    peer = await RawPeer.connect(served.port)
    assert await peer.read() == (0x9, b"")  # a ping
    opcode, payload = await peer.read()
    assert (opcode, payload[2:]) == (0x8, b"ping timed out")
    peer.leave()
    await until(lambda: sessions(served) == 0)


# Timeouts and slow readers


async def test_a_socket_without_hello_is_closed(serve: Serve) -> None:
    served = serve(hello_timeout_s=1.0)
    quiet = await SocketClient.connect(served)
    pinging = await SocketClient.connect(served)
    greeted = await SocketClient.open(served)
    pinging.send({"type": "ping"})
    assert await quiet.closed() == (1008, "no hello")
    assert await pinging.closed() == (1008, "no hello")
    value = Metrics(served.gateway).registry.get_sample_value
    assert value("framewire_sessions_refused_total", {"reason": "no_hello"}) == 2
    await greeted.works()


async def test_a_slow_reader_is_closed_without_affecting_others(serve: Serve) -> None:
    served = serve(max_send_buffer_bytes=2**20)
    megabyte = Tensors({"t": Tensor("uint8", (2**20,), bytes(2**20))})

    def answer(call: Call) -> None:
        answers = [megabyte if one.format == "png" else answer_to(one) for one in call.frames]
        call.answer_with(answers)

    served.puppet.obey = answer
    slow, neighbour = await SocketClient.open(served), await SocketClient.open(served)
    # Tornado's client stops reading from its socket while nobody takes its messages.
    for number in range(1, 41):
        slow.shoot(number, format="png", data=picture("png"))
        await neighbour.works(number)
    answered = accounts(served.gateway)[1]["result"] - 40
    assert answered < 30, "only as much as the socket buffers hold"
    assert await slow.closed() == (1008, "reads too slowly")
    await until(lambda: sessions(served) == 1)


async def test_frames_on_a_closing_connection_are_ignored(serve: Serve) -> None:
    served = serve(hello_timeout_s=0.05)
    peer = await RawPeer.connect(served.port)
    opcode, payload = await peer.read()
    assert (opcode, payload[2:]) == (0x8, b"no hello")
    peer.send(0x2, MSGPACK.pack({"type": "hello"}))
    peer.send(0x2, MSGPACK.pack(frame_fields(1)))
    peer.send(0x8, payload[:2])
    assert await peer.ended()
    await until(lambda: sessions(served) == 0)
    assert accounts(served.gateway) == (0, {})
    assert served.puppet.calls == []


# Disconnects


async def test_a_client_that_disconnects_with_frames_in_flight(serve: Serve) -> None:
    served = serve(max_calls=2)
    served.puppet.obey = None
    client, neighbour = await SocketClient.open(served), await SocketClient.open(served)
    client.shoot(1)
    call = await served.puppet.next_call()
    neighbour.shoot(1)
    other = await served.puppet.next_call()
    client.shoot(2)
    client.send({"type": "ping"})
    assert (await client.read())["type"] == "pong"
    stream = client.socket.protocol
    assert stream is not None
    stream._abort()  # type: ignore[attr-defined]
    await until(lambda: sessions(served) == 1)
    assert accounts(served.gateway)[1] == {"disconnected": 1}
    call.answer()
    other.answer()
    assert (await neighbour.read())["type"] == "result"
    assert accounts(served.gateway) == (3, {"disconnected": 2, "result": 1})


async def test_a_connection_lost_inside_a_message_leaks_nothing(serve: Serve) -> None:
    """Nothing is left to the garbage collector, which may run much later."""
    served = serve()
    gc.collect()
    gc.disable()
    try:
        peer = await RawPeer.connect(served.port)
        peer.send(0x2, MSGPACK.pack({"type": "hello"}))
        assert (await peer.read())[0] == 0x2
        peer.write(b"\x82\xfe\xff\xff" + bytes(40_000))
        await turn()
        assert held() == 2
        peer.leave()
        await until(lambda: sessions(served) == 0)
        await until(lambda: held() == 0)
    finally:
        gc.enable()


def held() -> int:
    """Return the number of live objects that read sockets."""
    return sum(isinstance(found, WebSocketProtocol | SocketStream) for found in gc.get_objects())


async def test_options_last_for_the_session(served: Served) -> None:
    client = await SocketClient.open(served, MSGPACK, min_score=0.8)
    client.shoot(1)
    assert (await client.read())["boxes"] == []
    client.send({"type": "configure", "min_score": 0.5})
    client.shoot(2)
    assert (await client.read())["scores"] == [0.75]
    client.send({"type": "configure", "max_results": 0})
    client.shoot(3)
    assert (await client.read())["boxes"] == []


# The model server and the gateway stop


async def test_the_model_server_stops_and_returns(served: Served) -> None:
    client = await SocketClient.open(served)
    served.puppet.go_away()
    assert await client.read() == {"type": "model_changed", "model": None}
    client.shoot(1)
    error = await client.read()
    assert (error["id"], error["code"], error["retryable"]) == (1, "backend_unavailable", True)
    late = await SocketClient.connect(served)
    late.send({"type": "hello"})
    assert (await late.read())["model"] is None
    served.puppet.come_back()
    for one in (client, late):
        changed = await one.read()
        assert (changed["type"], changed["model"]["version"]) == ("model_changed", 1)
        await one.works()


async def test_draining_announces_answers_and_closes(served: Served) -> None:
    served.puppet.obey = None
    client = await SocketClient.open(served)
    idle = await SocketClient.open(served)
    unborn = await SocketClient.connect(served)
    client.shoot(1)
    call = await served.puppet.next_call()
    drained = asyncio.ensure_future(served.gateway.drain(5))
    goodbye = {
        "type": "going_away",
        "reconnect_after_ms": served.settings.reconnect_after_ms,
        "reason": "the server is shutting down",
    }
    assert await client.read() == goodbye
    client.shoot(2)
    assert await client.read() == {"type": "dropped", "id": 2, "reason": "draining"}
    assert (await SocketClient.rejected(served)).code == 503
    # Those without a frame under way need not wait for the others.
    for other in (idle, unborn):
        assert await other.read() == goodbye
        assert await other.closed() == (1001, "the server is shutting down")
    await until(lambda: sessions(served) == 1)
    assert not drained.done()
    call.answer()
    result = await client.read()
    assert (result["type"], result["id"]) == ("result", 1)
    assert await client.closed() == (1001, "the server is shutting down")
    await drained
    await until(lambda: sessions(served) == 0)
