"""The client over a real gateway and model server."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from demomodel import scenes
from framewire.client import (
    AsyncClient,
    Client,
    ClientClosed,
    Dropped,
    Failed,
    Folder,
    NoResult,
    Refused,
    Result,
    Tracking,
)
from framewire.client.stream import MAX_UNREAD
from loadtest.stack import Stack

PATIENCE_S = 30.0
SCENE = scenes.render(2, (640, 480))
DIGITS = sorted(map(str, SCENE.labels))


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return SCENE.picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, scene: Image.Image) -> Path:
    path = tmp_path_factory.mktemp("pictures")
    for number in range(4):
        scene.save(path / f"{number}.jpg")
    (path / "notes.txt").write_text("no picture")
    return path


@pytest.fixture
def url(patient_stack: Stack) -> str:
    return patient_stack.url.replace("http", "ws") + "ws"


def digits(result: Result) -> list[str]:
    return sorted(detection.label for detection in result.detections)


class Camera:
    """A live source: ``count`` pictures, one every 1/50 s."""

    live = True

    def __init__(self, picture: Image.Image, count: int) -> None:
        self._picture = picture
        self._count = count
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Image.Image]:
        try:
            for _ in range(self._count):
                time.sleep(0.02)
                yield self._picture
        finally:
            self.closed.set()


def test_every_kind_of_picture_has_the_same_digits(
    url: str, scene: Image.Image, folder: Path
) -> None:
    path = folder / "0.jpg"
    with Client(url, min_score=0.5) as client:
        assert client.model is not None
        assert (client.model.name, client.state) == ("digits", "ready")
        results = [
            client.infer(picture)
            for picture in (path, str(path), path.read_bytes(), scene, np.asarray(scene))
        ]
        assert all(digits(result) == DIGITS for result in results)
        assert results[3].picture is scene
        client.configure(max_results=1)
        [best] = digits(client.infer(scene))
        assert best in DIGITS
        assert client.statistics().results == 6
    assert client.state == "closed"
    with client:  # again, on another loop
        assert digits(client.infer(scene)) == [best]


async def test_concurrent_pictures_all_get_their_result(url: str, scene: Image.Image) -> None:
    async with AsyncClient(url, min_score=0.5) as client:
        results = await asyncio.gather(*(client.infer(scene) for _ in range(8)))
    assert [digits(result) for result in results] == [DIGITS] * 8
    assert client.statistics().dropped == {}


def test_a_live_source_yields_one_outcome_per_frame(url: str, scene: Image.Image) -> None:
    camera = Camera(scene, 25)
    with Client(url) as client:
        outcomes = list(client.outcomes(camera))
        statistics = client.statistics()
    assert all(outcome.picture is scene for outcome in outcomes)
    assert len(outcomes) == statistics.offered == statistics.sent
    assert 0 < len(outcomes) <= 25
    assert statistics.results == sum(isinstance(outcome, Result) for outcome in outcomes)
    assert statistics.source_frames_per_s > 10


def test_a_caller_that_leaves_ends_the_source(url: str, scene: Image.Image) -> None:
    camera = Camera(scene, 10_000)
    with Client(url, min_score=0.5) as client:
        for result in client.results(camera):
            assert result.detections
            break
        assert digits(client.infer(scene)) == DIGITS
        assert camera.closed.wait(PATIENCE_S)


async def test_a_slow_caller_is_not_flooded(url: str, scene: Image.Image) -> None:
    """Outcomes that nobody reads do not pile up: the client stops taking pictures."""
    later = asyncio.Event()

    async def endless() -> AsyncIterator[Image.Image]:
        for number in itertools.count():
            await asyncio.sleep(0.005)
            if number == 100:
                later.set()
            yield scene

    async with AsyncClient(url) as client:
        outcomes = client.outcomes(endless(), live=True)
        await anext(outcomes)
        await asyncio.wait_for(later.wait(), PATIENCE_S)
        assert 1 < client.statistics().offered <= MAX_UNREAD + 1
        await outcomes.aclose()


def test_what_a_source_raises_reaches_the_caller(url: str, scene: Image.Image) -> None:
    def broken() -> Iterator[Image.Image]:
        yield scene
        raise OSError("unplugged")

    with Client(url) as client:
        for live in (False, True):
            outcomes = client.outcomes(broken(), live=live)
            with pytest.raises(OSError, match="unplugged"):
                list(outcomes)
    assert client.statistics().offered >= 1


def test_what_went_wrong_with_a_picture(url: str, folder: Path) -> None:
    with Client(url) as client:
        with pytest.raises(NoResult, match=r"not a picture in JPEG, PNG or WebP \(bad_picture\)"):
            client.infer(folder / "notes.txt")
        truncated = (folder / "0.jpg").read_bytes()[:5000]
        [outcome] = client.outcomes([truncated])
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.picture) == ("bad_frame", truncated)


def test_an_unknown_model(url: str, scene: Image.Image) -> None:
    with Client(url, model="flowers") as client:
        with pytest.raises(NoResult, match=r"flowers.*\(unknown_model\)"):
            client.infer(scene)
        [outcome] = client.outcomes(Camera(scene, 1))
        assert isinstance(outcome, Failed)
        client.configure(model="digits")
        assert client.infer(scene).detections


def test_offers_are_superseded_by_newer_ones(url: str, scene: Image.Image) -> None:
    with Client(url) as client:
        futures = [client.offer(scene) for _ in range(20)]
        outcomes = [future.result(PATIENCE_S) for future in futures]
    assert isinstance(outcomes[-1], Result)
    assert Dropped(scene, "superseded_locally") in outcomes


class Relay:
    """A TCP relay to the gateway, whose connections can be cut."""

    def __init__(self, port: int) -> None:
        self.accepted = 0
        self._gateway = port
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/ws"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._serving)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.append(task)
        self.accepted += 1
        answers, gateway = await asyncio.open_connection("127.0.0.1", self._gateway)
        self._writers += [writer, gateway]
        with contextlib.suppress(OSError):
            await asyncio.gather(self._copy(reader, gateway), self._copy(answers, writer))

    @staticmethod
    async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


async def test_a_folder_survives_lost_connections(
    patient_stack: Stack, scene: Image.Image, folder: Path
) -> None:
    """Every picture has its result, with the options that were set before."""
    results = []
    async with Relay(patient_stack.port) as relay, AsyncClient(relay.url, min_score=0.5) as client:
        client.configure(max_results=2)
        async for outcome in client.outcomes(Folder(folder)):
            results.append(outcome)
            relay.cut()
        assert client.statistics().sent >= 4
    assert [outcome.picture.name for outcome in results] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    best = [digits(one) for one in results if isinstance(one, Result)]
    assert len(best) == 4
    assert all(len(one) == 2 and set(one) <= set(DIGITS) for one in best)


async def test_a_live_stream_goes_on_after_a_lost_connection(
    patient_stack: Stack, scene: Image.Image
) -> None:
    async with Relay(patient_stack.port) as relay, AsyncClient(relay.url) as client:
        outcomes = client.outcomes(Camera(scene, 10_000))
        kinds = [type(await anext(outcomes))]
        relay.cut()
        while relay.accepted < 2 or kinds[-1] is not Result:
            kinds.append(type(await anext(outcomes)))
        await outcomes.aclose()
    statistics = client.statistics()
    lost = sum(statistics.dropped.values()) + sum(statistics.failed.values())
    assert statistics.offered == statistics.results + lost


async def test_a_source_faster_than_the_loop_leaves_it_time(url: str, scene: Image.Image) -> None:
    async with AsyncClient(url) as client:
        outcomes = client.outcomes(itertools.repeat(scene), live=True)
        results = 0  # some frames may be overtaken
        while results < 5:
            results += isinstance(await anext(outcomes), Result)
        await outcomes.aclose()
    assert client.statistics().results >= 5


def test_a_closed_client_says_so(url: str, scene: Image.Image) -> None:
    """To whoever goes on with its results, and to threads that wait for some."""
    with Client(url) as client:
        results = client.results([scene] * 100)
        next(results)
    with pytest.raises(ClientClosed):
        next(results)
    errors: list[Exception] = []
    answered = threading.Event()

    def ask() -> None:
        try:
            while True:
                client.infer(scene)
                answered.set()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    with client:
        for thread in threads:
            thread.start()
        assert answered.wait(PATIENCE_S)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert list(map(type, errors)) == [ClientClosed] * 3


def test_a_closed_client_leaves_no_socket_behind(url: str, scene: Image.Image) -> None:
    async def ask() -> None:
        async with AsyncClient(url) as client:
            await client.infer(scene)

    def sockets() -> int:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(os.readlink(link).startswith("socket:") for link in links)

    gc.collect()  # those that other tests have left
    gc.disable()  # which would close them
    try:
        before = sockets()
        for _ in range(3):
            asyncio.run(ask())
            with Client(url) as client:
                client.infer(scene)
        assert sockets() == before
    finally:
        gc.enable()


def test_options_that_the_gateway_rejects_are_a_refusal_at_once(url: str) -> None:
    """The gateway keeps the connection open then, for another hello."""
    with pytest.raises(Refused, match="'label' must be a string of 1 to 256 printable"):
        Client(url, label="a\nb", connect_timeout_s=PATIENCE_S).__enter__()


def test_numbers_of_numpy_are_numbers(url: str, scene: Image.Image) -> None:
    options: Any = {
        "min_score": np.float32(0.5),
        "max_results": np.int64(1),
        "version": np.uint8(1),
    }
    track: Any = Tracking(lost_ms=np.int32(500))  # type: ignore[arg-type]
    with Client(url, track=track, **options) as client:
        assert len(client.infer(scene).detections) == 1


def test_changed_options_that_the_gateway_rejects_are_logged(
    url: str, scene: Image.Image, caplog: pytest.LogCaptureFixture
) -> None:
    with Client(url) as client:
        client.configure(version=-1)
        assert isinstance(client.infer(scene), Result)  # its turn comes after the answer
    assert "'version' must be an integer from 0" in caplog.text
