"""Invalid messages get a named error, and affect neither their session nor its neighbours."""

from __future__ import annotations

import base64
from typing import Any

import msgpack
import pytest

from server.core.answers import Tensor, Tensors
from server.core.wire import JSON
from server.transport.encodings import MSGPACK
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.puppet import POISON
from tests.server.samples import frame_fields, picture

BARE_ARRAY_BUFFER: dict[str, Any] = {}
WHOLE = picture()


async def assert_survived(
    served: Served, client: SocketClient, code: str, words: str, frame_id: int | None
) -> None:
    """Check that ``client`` receives the error and continues."""
    error = await client.read()
    assert (error["type"], error["code"], error.get("id")) == ("error", code, frame_id), error
    assert words in error["message"]
    assert error["retryable"] is False
    await client.works()


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"data": b""}, "bad_frame", "'data' is empty"),
        ({"data": WHOLE[: len(WHOLE) // 2]}, "bad_frame", "truncated jpeg"),
        ({"data": b"\0" * 500}, "bad_frame", "is not a picture"),
        ({"data": picture("gif")}, "bad_frame", "looks like gif"),
        ({"data": picture("png")}, "bad_frame", "looks like png"),
        ({"data": BARE_ARRAY_BUFFER}, "bad_frame", "wrap the ArrayBuffer in a Uint8Array"),
        ({"data": "text"}, "bad_frame", "must be bin, not a string"),
        ({"data": None}, "bad_frame", "must be bin, not null"),
        (
            {"data": b"\xff\xd8\xff" + bytes(3000)},
            "frame_too_large",
            "the limit is 2500",
        ),
        ({"format": "png", "data": picture("png", 400, 300)}, "frame_too_large", "120000 pixels"),
        ({"format": "gif"}, "unsupported_format", "'gif' is not one of"),
        ({"format": None}, "bad_message", "'format' is required"),
        ({"format": "rgb", "data": b"123"}, "bad_frame", "requires 'width' and 'height'"),
        (
            {"format": "rgba", "data": b"123", "width": 1, "height": 1},
            "bad_frame",
            "1x1 rgba is 4 bytes, not 3",
        ),
        ({"width": "64"}, "bad_message", "'width' must be an integer"),
        ({"captured_at": "noon"}, "bad_message", "'captured_at' must be a number"),
        ({"format": "webp", "data": picture("webp")}, "unsupported_format", "not webp"),
        ({"data": WHOLE + POISON}, "bad_frame", "the model rejects this picture"),
    ],
)
async def test_a_bad_frame_gets_its_error_code(
    serve: Serve, changes: dict[str, Any], code: str, words: str
) -> None:
    served = serve(max_frame_bytes=2500, max_pixels=100_000)
    neighbour = await SocketClient.open(served)
    client = await SocketClient.open(served)
    client.shoot(5, **changes)
    await assert_survived(served, client, code, words, 5)
    await neighbour.works()


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        (b"", "bad_message", "invalid msgpack"),
        (b"\xc1\xc1", "bad_message", "invalid msgpack"),
        (b"\x93\x01\x02\x03", "bad_message", "a message must be a map, not an array"),
        (b"\x80", "bad_message", "'type' must be a string"),
        (msgpack.packb({"type": "wave"}), "unknown_type", "unknown type: 'wave'"),
        (msgpack.packb({"type": "hello"}), "bad_message", "hello is allowed only once"),
        (msgpack.packb({"type": "ping"}) + b"\0" * 64, "bad_message", "bytes follow"),
        (msgpack.packb({"type": "configure", "min_score": 2}), "bad_message", "min_score"),
        (msgpack.packb(frame_fields(-1)), "bad_message", "'id' must be an integer from 0"),
        (msgpack.packb(frame_fields(True)), "bad_message", "'id' must be an integer from 0"),
        (msgpack.packb(frame_fields(0.5)), "bad_message", "'id' must be an integer from 0"),
        (
            msgpack.packb(frame_fields(float("nan"))),
            "bad_message",
            "'id' must be an integer from 0",
        ),
        ("text", "bad_message", "messages must be binary"),
    ],
)
async def test_bad_messages(served: Served, payload: bytes | str, code: str, words: str) -> None:
    client = await SocketClient.open(served)
    client.send_raw(payload)
    await assert_survived(served, client, code, words, None)


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        ("", "bad_message", "invalid json"),
        ("{", "bad_message", "invalid json"),
        ("[]", "bad_message", "a message must be a map"),
        ('{"type":"frame","id":1e400}', "bad_message", "'id' must be an integer"),
        ('{"type":"ping","t":NaN}', "bad_message", "'t' must be finite"),
        (r'{"type":"\ud800"}', "unknown_type", "unknown type"),
        (b"\x80", "bad_message", "messages must be text"),
    ],
)
async def test_a_malformed_text_message_is_rejected(
    served: Served, payload: bytes | str, code: str, words: str
) -> None:
    client = await SocketClient.open(served, JSON)
    client.send_raw(payload)
    await assert_survived(served, client, code, words, None)


async def test_a_picture_that_is_not_base64_is_rejected(served: Served) -> None:
    client = await SocketClient.open(served, JSON)
    url = "data:image/jpeg;base64," + base64.b64encode(WHOLE).decode()
    client.shoot(5, data=url)
    await assert_survived(served, client, "bad_frame", "'data' is not valid base64", 5)


async def test_ids_that_go_backwards(served: Served) -> None:
    client = await SocketClient.open(served)
    client.shoot(7)
    assert (await client.read())["id"] == 7
    for frame_id in (7, 3, 0):
        client.shoot(frame_id)
        error = await client.read()
        assert (error["code"], "id" in error) == ("bad_id", False)
    client.shoot(2**64 - 1)
    assert (await client.read())["id"] == 2**64 - 1


async def test_a_frame_before_hello(served: Served) -> None:
    client = await SocketClient.connect(served)
    client.shoot(1)
    error = await client.read()
    assert (error["code"], error["message"], "id" in error) == (
        "hello_required",
        "frame before hello; send hello first",
        False,
    )
    client.send({"type": "hello"})
    assert (await client.read())["type"] == "welcome"
    client.shoot(1)
    assert (await client.read())["type"] == "result"


async def test_too_many_unusable_messages(served: Served) -> None:
    client, neighbour = await SocketClient.open(served), await SocketClient.open(served)
    for _ in range(200):
        client.send_raw(b"\xc1")
    assert await client.closed() == (1008, "too many unusable messages")
    await neighbour.works()


async def test_a_large_message_before_hello_closes_with_1009(served: Served) -> None:
    client = await SocketClient.connect(served)
    client.send_raw(bytes(64 * 1024 + 1))
    assert await client.closed() == (1009, "message too big")


async def test_a_large_frame_may_follow_hello_without_a_pause(served: Served) -> None:
    client = await SocketClient.connect(served)
    client.send({"type": "hello"})
    client.shoot(1, format="rgb", width=400, height=400, data=bytes(400 * 400 * 3))
    assert (await client.read())["type"] in ("welcome", "error")
    while "id" not in (outcome := await client.read()):
        pass
    assert outcome["id"] == 1


async def test_a_message_that_is_too_big_closes_with_1009(serve: Serve) -> None:
    served = serve(max_frame_bytes=2048)
    client, neighbour = await SocketClient.open(served), await SocketClient.open(served)
    # A frame slightly too large still gets an answer.
    client.shoot(1, data=b"\xff\xd8\xff" + bytes(60_000))
    assert (await client.read())["code"] == "frame_too_large"
    await client.works(2)
    client.shoot(3, data=b"\xff\xd8\xff" + bytes(200_000))
    assert await client.closed() == (1009, "message too big")
    await neighbour.works()


async def test_a_model_output_that_json_cannot_encode(served: Served) -> None:
    """The frame still gets an outcome."""
    client = await SocketClient.open(served, JSON)
    served.puppet.obey = lambda call: call.answer_with([NOT_WHOLE])
    client.shoot(1)
    error = await client.read()
    assert (error["type"], error["id"], error["code"]) == ("error", 1, "internal")
    served.puppet.obey = lambda call: call.judge()
    await client.works()


NOT_WHOLE = Tensors({"t": Tensor("float32", (1,), b"12345")})


async def test_one_sessions_bad_frame_affects_no_other_in_the_batch(serve: Serve) -> None:
    """Two good frames and a bad one in the same batch."""
    served = serve(max_calls=1)
    served.puppet.obey = None
    clients = [await SocketClient.open(served) for _ in range(4)]
    clients[3].shoot(1)
    busy = await served.puppet.next_call()
    for number, client in enumerate(clients[:3]):
        client.shoot(number, data=WHOLE + POISON if number == 1 else WHOLE)
        # Once this ping is answered, the gateway has accepted the frame before it.
        client.send({"type": "ping"})
        assert (await client.read())["type"] == "pong"
    served.puppet.obey = lambda call: call.judge()
    busy.answer()
    found = [await client.read() for client in clients[:3]]
    assert [one["type"] for one in found] == ["result", "error", "result"]
    assert [one["id"] for one in found] == [0, 1, 2]


async def test_both_encodings_share_batches(serve: Serve) -> None:
    served = serve(max_calls=1)
    served.puppet.obey = None
    holder = await SocketClient.open(served)
    holder.shoot(1)
    busy = await served.puppet.next_call()
    clients = [await SocketClient.open(served, encoding) for encoding in (MSGPACK, JSON)]
    for client in clients:
        client.shoot(9)
        client.send({"type": "ping"})
        assert (await client.read())["type"] == "pong"
    busy.answer()
    call = await served.puppet.next_call()
    assert [frame.data for frame in call.frames] == [WHOLE, WHOLE]
    call.answer()
    first, second = [await client.read() for client in clients]
    assert first["batch"] == second["batch"] == 2
    assert first["boxes"] == second["boxes"]
