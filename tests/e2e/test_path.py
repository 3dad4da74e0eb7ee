"""The whole path with real processes: what a client sees when things go well, and when not."""

from __future__ import annotations

import asyncio
import io
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tornado.websocket import websocket_connect

from demomodel import scenes
from loadtest import accounts, closedloop
from loadtest.camera import Frame
from loadtest.stack import SecondGateway, Stack
from server.core.wire import JSON, Encoding
from server.transport.encodings import MSGPACK
from tests.e2e.client import Client
from tests.e2e.film import fits, jpeg
from tests.forked import ForkedStack
from tests.server.handlers.documents import ASYNCAPI, invalid, undocumented
from tests.server.samples import frame_fields, packed

SCENE = scenes.render(2, (640, 480))
PICTURE = jpeg(SCENE)
AT_ONCE_S = 10.0
PATIENCE_S = 20.0


@pytest.fixture(scope="module")
def models(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder of these tests' own, to publish into."""
    folder = tmp_path_factory.mktemp("path")
    shutil.copytree(demo_models / "digits" / "1", folder / "digits" / "1")
    return folder


@pytest.fixture(scope="module")
def stack(models: Path) -> Iterator[Stack]:
    # A slow machine may take its time: what is late is other tests' matter.
    with ForkedStack(models, gateway_flags=("--max-staleness-ms=20000",)) as running:
        yield running


def broken_jpeg() -> bytes:
    """Whole by its header and its end; only a decoder sees the impossible Huffman table."""
    table = PICTURE.index(b"\xff\xc4") + 5
    return PICTURE[:table] + b"\xff" * 16 + PICTURE[table + 16 :]


async def test_the_right_digits_in_the_right_places(stack: Stack) -> None:
    client = await Client.connect(stack.port, min_score=0.5)
    outcome = await client.ask(PICTURE, captured_at=12.5)
    assert outcome["type"] == "result"
    assert outcome["captured_at"] == 12.5
    assert client.model is not None
    assert outcome["model_version"] == client.model["version"]
    assert fits(outcome, SCENE), (outcome, SCENE)


@pytest.mark.parametrize("encoding", [MSGPACK, JSON], ids=["msgpack", "json"])
async def test_a_transcript_is_as_asyncapi_json_says(stack: Stack, encoding: Encoding) -> None:
    """Whatever is said in a session with tracking, zones and lines, in both encodings."""
    socket = await websocket_connect(
        f"ws://127.0.0.1:{stack.port}/ws", subprotocols=[encoding.subprotocol]
    )
    areas = {"zones": {"all": [[0, 0], [1, 0], [1, 1]]}, "lines": {"door": [[0.5, 0], [0.5, 1]]}}
    messages = [
        {"type": "hello", "track": {"confirm_ms": 0}, **areas},
        *(frame_fields(number, data=PICTURE, captured_at=100 * number) for number in range(3)),
        frame_fields(3, data=broken_jpeg()),
        {"type": "ping", "t": 1},
    ]
    transcript = []
    for message in messages:
        payload = packed(encoding, message)
        await socket.write_message(payload, binary=not encoding.text)
        answer = await asyncio.wait_for(socket.read_message(), PATIENCE_S)
        transcript += [encoding.unpack(payload), encoding.unpack(answer)]
    socket.close()
    for message in transcript:
        schema = ASYNCAPI["components"]["messages"][message["type"]]["payload"]
        assert invalid(message, schema, encoding.text) == []
        assert list(undocumented(schema, [message])) == []
    assert [message["type"] for message in transcript[1::2]] == [
        "welcome",
        *["result"] * 3,
        "error",
        "pong",
    ]
    assert transcript[7]["counts"]


async def test_every_format_shows_the_same_digits(stack: Stack) -> None:
    client = await Client.connect(stack.port, min_score=0.5)
    assert client.model is not None
    small = SCENE.picture.resize((256, 192), Image.Resampling.BILINEAR)
    for name in ("png", "webp"):
        buffer = io.BytesIO()
        SCENE.picture.save(buffer, name, **({"quality": 90} if name == "webp" else {}))
        assert fits(await client.ask(buffer.getvalue(), format=name), SCENE), name
    for name, mode in (("rgb", "RGB"), ("rgba", "RGBA")):
        data = small.convert(mode).tobytes()
        outcome = await client.ask(data, format=name, width=256, height=192)
        assert fits(outcome, SCENE), name


async def test_poison_costs_its_neighbours_nothing(stack: Stack) -> None:
    async def poison() -> list[str]:
        client = await Client.connect(stack.port)
        outcomes = [await client.ask(broken_jpeg()) for _ in range(10)]
        return [outcome.get("code", outcome["type"]) for outcome in outcomes]

    async def neighbour() -> list[str]:
        client = await Client.connect(stack.port)
        return [(await client.ask(PICTURE))["type"] for _ in range(10)]

    poisoned, *neighbours = await asyncio.gather(poison(), *(neighbour() for _ in range(6)))
    assert poisoned == ["bad_frame"] * 10
    assert neighbours == [["result"] * 10] * 6


async def test_a_model_server_that_dies_and_comes_back(stack: Stack) -> None:
    client = await Client.connect(stack.port)
    assert (await client.ask(PICTURE))["type"] == "result"

    stack.model_server.kill()
    assert (await client.expect("model_changed"))["model"] is None
    asked = time.monotonic()
    outcome = await client.ask(PICTURE)
    assert (outcome["type"], outcome["code"]) == ("error", "backend_unavailable")
    assert outcome["retryable"]
    assert time.monotonic() - asked < AT_ONCE_S
    late = await Client.connect(stack.port)
    assert late.model is None

    stack.model_server.start()
    for one in (client, late):
        assert (await one.expect("model_changed"))["model"] is not None
        assert (await one.ask(PICTURE))["type"] == "result"


async def test_a_new_version_goes_live_under_an_open_session(stack: Stack, models: Path) -> None:
    client = await Client.connect(stack.port)
    before = (await client.ask(PICTURE))["model_version"]
    after = before + 1
    # As publishing does: complete beside the versions, then one rename.
    staging = models / "digits" / ".staging"
    shutil.copytree(models / "digits" / "1", staging)
    staging.rename(models / "digits" / str(after))
    assert (await client.expect("model_changed"))["model"]["version"] == after
    assert (await client.ask(PICTURE))["model_version"] == after


def test_every_frame_of_restless_sessions_is_accounted_for(stack: Stack) -> None:
    frames = [Frame(PICTURE)]
    with SecondGateway(stack, "--max-staleness-ms=20000") as gateway:  # with its own memory alone
        seen = closedloop.run(gateway.port, frames, sessions=24, seconds=3, leaving=0.25)
        account = accounts.settled(gateway.get)
        resident_mb = gateway.gateway.resident_mb()
    assert account.accepted > 0
    assert account.balanced
    assert account.outcomes["result"] >= seen.outcomes["result"]
    assert resident_mb < 80
