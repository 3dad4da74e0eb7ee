"""A client that is closed, or called, while others still wait for it."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demomodel import scenes
from framewire.client import (
    AsyncClient,
    Client,
    ClientClosed,
    ConnectionFailed,
    Folder,
    NoResult,
    Result,
)
from framewire.client.blocking import LoopThread
from loadtest.stack import Stack, free_port

PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def scene() -> Image.Image:
    return scenes.render(2, (640, 480)).picture


@pytest.fixture
def url(patient_stack: Stack) -> str:
    return patient_stack.url.replace("http", "ws") + "ws"


class Silent:
    """A source of one picture, whose next one never comes. ``asked``: it was asked for that."""

    def __init__(self, picture: Image.Image) -> None:
        self.asked = threading.Event()
        self._picture = picture
        self._pictures: queue.Queue[Image.Image] = queue.Queue()

    def __iter__(self) -> Iterator[Image.Image]:
        yield self._picture
        self.asked.set()
        yield self._pictures.get()


def elsewhere(call: Callable[[], Any]) -> queue.Queue[Any]:
    """Make a call in another thread. Returns a queue that gets what it returns or raises."""
    outcome: queue.Queue[Any] = queue.Queue()

    def run() -> None:
        try:
            outcome.put(call())
        except BaseException as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome


@pytest.mark.parametrize("live", [False, True])
def test_a_silent_source_does_not_delay_the_end(url: str, scene: Image.Image, live: bool) -> None:
    source = Silent(scene)
    client = Client(url)
    with client:
        following = elsewhere(lambda: list(client.outcomes(source, live=live)))
        assert source.asked.wait(PATIENCE_S)
    assert isinstance(following.get(timeout=PATIENCE_S), ClientClosed)


@pytest.mark.parametrize("live", [False, True])
async def test_a_silent_source_ends_with_an_asynchronous_client(
    url: str, scene: Image.Image, live: bool
) -> None:
    source = Silent(scene)

    async def follow() -> None:
        async for _ in client.outcomes(source, live=live):
            pass

    async with AsyncClient(url) as client:
        following = asyncio.create_task(follow())
        assert await asyncio.to_thread(source.asked.wait, PATIENCE_S)
    with pytest.raises(ClientClosed):
        await asyncio.wait_for(following, PATIENCE_S)


def test_a_program_with_a_silent_source_ends_with_ctrl_c(url: str, tmp_path: Path) -> None:
    program = f"""
import queue
from framewire.client import Client
with Client({url!r}) as client:
    print("open", flush=True)
    list(client.outcomes(iter(queue.Queue().get, None)))
"""
    path = tmp_path / "program.py"
    path.write_text(program)
    command = [sys.executable, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert errors.strip().endswith(b"KeyboardInterrupt")


def test_ctrl_c_that_another_thread_gets_ends_the_program_too(url: str, tmp_path: Path) -> None:
    """It wakes nobody, like one that arrives just before the program begins to wait."""
    program = f"""
import signal, threading
from framewire.client import Client
def silent():
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    threading.Event().wait()
    yield
with Client({url!r}) as client:
    list(client.outcomes(silent()))
"""
    path = tmp_path / "program.py"
    path.write_text(program)
    ended = subprocess.run([sys.executable, str(path)], capture_output=True, timeout=PATIENCE_S)
    assert ended.stderr.strip().endswith(b"KeyboardInterrupt")


def test_ctrl_c_that_comes_before_anybody_waits_ends_the_step_too(
    url: str, scene: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Silent(scene)
    with Client(url) as client:
        outcomes = client.outcomes(source)
        next(outcomes)
        start = LoopThread.start

        def interrupted(loop: LoopThread, coroutine: Any) -> Any:
            monkeypatch.setattr(LoopThread, "start", start)
            start(loop, coroutine)
            raise KeyboardInterrupt

        monkeypatch.setattr(LoopThread, "start", interrupted)
        ending = elsewhere(lambda: list(outcomes))
        assert isinstance(ending.get(timeout=PATIENCE_S), KeyboardInterrupt)


def test_a_token_function_that_blocks_does_not_delay_the_end() -> None:
    released = threading.Event()

    def token() -> str:
        released.wait()
        return "too late"

    client = Client(f"ws://127.0.0.1:{free_port()}/ws", token=token, connect_timeout_s=0.1)
    opening = elsewhere(client.__enter__)
    try:
        assert isinstance(opening.get(timeout=PATIENCE_S), ConnectionFailed)
    finally:
        released.set()


def test_an_iterator_outlives_its_client(url: str, scene: Image.Image, tmp_path: Path) -> None:
    for number in range(2):
        scene.save(tmp_path / f"{number}.jpg")
    client = Client(url)
    for _ in range(2):  # the second time, the client is open again
        with client:
            results = client.results(Folder(tmp_path))
            assert isinstance(next(results), Result)
        with pytest.raises(ClientClosed):
            next(results)


def test_threads_that_wait_for_results_learn_of_the_end(url: str, scene: Image.Image) -> None:
    client = Client(url)
    first = threading.Barrier(4)

    def ask() -> None:
        client.infer(scene)
        first.wait(PATIENCE_S)
        while True:
            client.infer(scene)

    with client:
        asking = [elsewhere(ask) for _ in range(3)]
        first.wait(PATIENCE_S)
    assert [type(outcome.get(timeout=PATIENCE_S)) for outcome in asking] == 3 * [ClientClosed]


def test_what_the_callback_of_a_future_may_do(url: str, scene: Image.Image) -> None:
    """It runs in the client's own thread, which must not wait for itself."""
    done: queue.Queue[Any] = queue.Queue()

    def called(_: Any) -> None:
        try:
            client.configure(min_score=0.6)
            done.put(client.statistics().results)
            client.infer(scene)
        except Exception as error:
            done.put(error)

    with Client(url) as client:
        client.offer(scene).add_done_callback(called)
        assert done.get(timeout=PATIENCE_S) == 1
        error = done.get(timeout=PATIENCE_S)
        assert isinstance(error, RuntimeError)
        assert "must not wait for the client" in str(error)
        assert isinstance(client.infer(scene), Result)


class Device:
    """A live source that only one can read, such as a webcam. Opening it takes no waiting."""

    live = True

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture
        self._free = threading.Lock()

    def __iter__(self) -> Iterator[Image.Image]:
        if not self._free.acquire(blocking=False):
            raise OSError("the device is busy")
        try:
            while True:
                yield self._picture
        finally:
            self._free.release()


def test_a_camera_that_was_left_can_be_opened_at_once(url: str, scene: Image.Image) -> None:
    device = Device(scene)
    with Client(url) as client:
        for _ in range(5):
            for _ in client.results(device):
                break


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_a_source_that_exits(
    url: str, scene: Image.Image, live: bool, error: BaseException
) -> None:
    def source() -> Iterator[Image.Image]:
        yield scene
        raise error

    with Client(url) as client:
        with pytest.raises(RuntimeError, match="was raised in a thread of the client"):
            list(client.outcomes(source(), live=live))
        assert isinstance(client.infer(scene), Result)


@pytest.mark.parametrize("source", ["clip.mp4", b"\xff\xd8", Path("clip.mp4")])
def test_a_single_picture_is_no_source(url: str, source: Any) -> None:
    with Client(url) as client, pytest.raises(TypeError, match="infer takes a single picture"):
        list(client.outcomes(source))


def test_a_picture_that_cannot_be_read_delays_no_other(
    url: str, scene: Image.Image, tmp_path: Path
) -> None:
    """A file on a share that has gone blocks whoever reads it, for ever."""
    silent = tmp_path / "silent.jpg"
    os.mkfifo(silent)
    with Client(url) as client:
        with pytest.raises(NoResult, match="timed_out"):
            client.infer(silent, timeout_s=0.5)
        assert client.infer(scene, timeout_s=PATIENCE_S).detections
        assert client.statistics().outstanding == 0


def test_a_program_ends_while_a_picture_is_read(url: str, tmp_path: Path) -> None:
    silent = tmp_path / "silent.jpg"
    os.mkfifo(silent)
    program = f"""
from framewire.client import Client
with Client({url!r}) as client:
    future = client.offer({str(silent)!r})
print(future.result().reason)
"""
    assert printed(program) == "disconnected"


def test_a_forked_process_is_told_to_open_its_own_client(url: str) -> None:
    program = f"""
import os, sys
from framewire.client import Client
with Client({url!r}) as client:
    child = os.fork()
    if child == 0:
        try:
            client.infer("picture.jpg")
        except RuntimeError as error:
            print(error, flush=True)
    else:
        os.waitpid(child, 0)
        print(client.state)
"""
    told, state = printed(program).splitlines()
    assert told.endswith("open a client in each process")
    assert state == "ready"  # the parent's client is as it was


def printed(program: str) -> str:
    """Return what a program prints, which ends in time and without errors."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return done.stdout.strip()
