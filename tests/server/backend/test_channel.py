"""Status codes, deadlines, cancellation and reconnection, over a real socket."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest

from server.backend.channel import RECONNECT_S, Channel
from server.backend.http2 import frames
from server.backend.serving import TensorFlowServing
from server.core.errors import (
    BackendUnavailable,
    BatchRejected,
    DeadlineExceeded,
    ModelFailed,
    NotLoaded,
    Overloaded,
    UnknownModel,
    UnusableModel,
)
from server.core.messages import Frame
from server.core.model import Lane, ModelKey
from tests.server.backend.puppet_models import detector
from tests.server.backend.puppet_server import Puppet
from tests.server.waiting import until

FRAME = Frame(1, "jpeg", b"jpeg", 8, 8)
CODE = grpc.StatusCode
PATIENCE_S = 20.0


@pytest.fixture
async def lane(puppet: Puppet, backend: TensorFlowServing) -> Lane:
    puppet.models["digits", None] = detector()
    model = await backend.discover(ModelKey("digits"))
    return model.lanes["jpeg"]


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (CODE.INVALID_ARGUMENT, "Invalid JPEG data", BatchRejected),
        (CODE.OUT_OF_RANGE, "slice index 4", BatchRejected),
        (CODE.INVALID_ARGUMENT, "Unrecognized servable version label: x", UnknownModel),
        (CODE.NOT_FOUND, "Servable not found for request: Latest(x)", UnknownModel),
        (CODE.NOT_FOUND, "Servable not found for request: Specific(x, 9)", NotLoaded),
        (CODE.FAILED_PRECONDITION, 'Serving signature key "s" not found.', UnknownModel),
        (CODE.FAILED_PRECONDITION, "variable was uninitialized", ModelFailed),
        (CODE.INVALID_ARGUMENT, "output tensor alias not found in signature: q", ModelFailed),
        (CODE.INVALID_ARGUMENT, "Expects arg[0] to be float but double is provided", ModelFailed),
        (CODE.RESOURCE_EXHAUSTED, "queue full", Overloaded),
        (CODE.RESOURCE_EXHAUSTED, "gRPC message exceeds maximum size 4194304", BatchRejected),
        (CODE.UNAVAILABLE, "going down", BackendUnavailable),
        (CODE.UNAVAILABLE, "The batch scheduling queue of this is full", Overloaded),
        (CODE.DEADLINE_EXCEEDED, "too late", DeadlineExceeded),
        (CODE.CANCELLED, "shutting down", BackendUnavailable),
        (CODE.INTERNAL, "bug", ModelFailed),
        (CODE.UNIMPLEMENTED, "what?", ModelFailed),
    ],
)
async def test_code_becomes_error(
    puppet: Puppet,
    backend: TensorFlowServing,
    lane: Lane,
    code: CODE,
    message: str,
    expected: type[Exception],
) -> None:
    puppet.fail(code, message)
    with pytest.raises(expected, match=message.split("(")[0].split("[")[0]):
        await backend.infer(lane, [FRAME], 20.0)


async def test_message_is_one_short_line(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    puppet.fail(CODE.INVALID_ARGUMENT, "bad\n picture " * 200)
    with pytest.raises(BatchRejected) as caught:
        await backend.infer(lane, [FRAME], 20.0)
    assert len(str(caught.value)) == 300
    assert "\n" not in str(caught.value)


async def test_deadline_ends_a_call_that_takes_too_long(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    puppet.hold()
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await backend.infer(lane, [FRAME], 0.05)
    assert time.monotonic() - started < PATIENCE_S


async def test_a_model_that_is_unavailable_says_nothing_about_the_next_call(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    puppet.fail(CODE.UNAVAILABLE, "this model is being unloaded")
    with pytest.raises(BackendUnavailable):
        await backend.infer(lane, [FRAME], 20.0)
    puppet.recover()
    puppet.hold()
    with pytest.raises(DeadlineExceeded):
        await backend.infer(lane, [FRAME], 0.05)


async def test_no_time_left_sends_nothing(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    before = len(puppet.requests)
    with pytest.raises(DeadlineExceeded):
        await backend.infer(lane, [FRAME], 0.0)
    assert len(puppet.requests) == before


async def test_calls_wait_side_by_side(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    puppet.hold()
    calls = [asyncio.ensure_future(backend.infer(lane, [FRAME], 20.0)) for _ in range(3)]
    await asyncio.to_thread(puppet.wait_for_requests, 4)  # three, and describe before them
    assert not any(call.done() for call in calls)
    puppet.release()
    assert [len((await call).answers) for call in calls] == [1, 1, 1]


async def test_cancelled_waiter_cancels_the_call_and_costs_nobody_else(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    accidents: list[Any] = []

    def note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # gRPC tells this loop what became of the channels of earlier tests.
        if str(context.get("exception")) != "Event loop is closed":
            accidents.append(context)

    asyncio.get_running_loop().set_exception_handler(note)
    puppet.hold()
    waiter = asyncio.ensure_future(backend.infer(lane, [FRAME], 30.0))
    await asyncio.to_thread(puppet.wait_for_requests, 2)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert await asyncio.to_thread(puppet.cancelled.wait, PATIENCE_S)
    puppet.release()
    assert len((await backend.infer(lane, [FRAME], 20.0)).answers) == 1
    assert accidents == []


class Watcher:
    """Collects what ``watch`` reports, and waits for it."""

    def __init__(self, backend: TensorFlowServing) -> None:
        self.reports: list[bool] = []
        self._news = asyncio.Event()
        backend.watch(self._changed)

    def _changed(self, reachable: bool) -> None:
        self.reports.append(reachable)
        self._news.set()

    async def until(self, reachable: bool) -> None:
        async def seen() -> None:
            while self.reports[-1:] != [reachable]:
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(seen(), PATIENCE_S)


async def test_service_resumes_when_the_model_server_is_back(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    watcher = Watcher(backend)
    await watcher.until(True)
    puppet.stop()
    await watcher.until(False)
    started = time.monotonic()
    with pytest.raises(BackendUnavailable):
        await backend.infer(lane, [FRAME], 3 * PATIENCE_S)
    assert time.monotonic() - started < PATIENCE_S, "no frame waits for a server that is away"
    puppet.start()
    await watcher.until(True)
    assert len((await backend.infer(lane, [FRAME], 20.0)).answers) == 1
    assert watcher.reports == [True, False, True]


async def test_a_version_that_was_unusable_is_tried_again_after_a_restart(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    watcher = Watcher(backend)
    await watcher.until(True)
    puppet.models["digits", None].answer["serving_default"] = lambda request: {}
    with pytest.raises(UnusableModel):
        await backend.infer(lane, [FRAME], 20.0)
    with pytest.raises(UnusableModel):
        await backend.discover(lane.model)
    puppet.stop()
    await watcher.until(False)
    puppet.models["digits", None] = detector()
    puppet.start()
    await watcher.until(True)
    assert len((await backend.infer(lane, [FRAME], 20.0)).answers) == 1
    await backend.discover(lane.model)


async def test_connection_is_renewed_without_a_call(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    watcher = Watcher(backend)
    await watcher.until(True)
    puppet.stop()
    await watcher.until(False)
    puppet.start()
    await watcher.until(True)


def _address(server: asyncio.Server) -> str:
    return f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_model_server_that_is_not_there_is_reported_once() -> None:
    attempts = asyncio.Semaphore(0)

    def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        attempts.release()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    backend = TensorFlowServing(_address(server))
    watcher = Watcher(backend)
    for _ in range(3):
        await asyncio.wait_for(attempts.acquire(), PATIENCE_S)
    with pytest.raises(BackendUnavailable) as caught:
        await backend.discover(ModelKey("digits"))
    # Where it should be, and what its library says, is for the log and not for clients.
    assert caught.value.message == "the model server cannot be reached"
    assert str(caught.value).startswith(f"{caught.value.message}: ")
    assert watcher.reports == [False]
    await backend.close()
    server.close()


async def test_a_model_server_that_ends_each_connection_is_not_stormed() -> None:
    accepted: asyncio.Queue[float] = asyncio.Queue()

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.put_nowait(time.monotonic())
        await reader.readexactly(24)
        writer.write(frames.settings({}) + frames.frame(frames.SETTINGS, frames.ACK, 0, b""))
        await asyncio.sleep(0.01)  # so that it counts as connected
        await until(lambda: True in watcher.reports)
        writer.write(frames.frame(frames.GOAWAY, 0, 0, bytes(8)))
        writer.close()

    server = await asyncio.start_server(leave, "127.0.0.1", 0)
    backend = TensorFlowServing(_address(server))
    watcher = Watcher(backend)
    began = time.monotonic()  # the first connection may be accepted late
    *_, last = [await asyncio.wait_for(accepted.get(), PATIENCE_S) for _ in range(5)]
    assert last - began > 0.9 * 4 * RECONNECT_S
    await backend.close()
    server.close()


async def test_model_server_that_says_nothing_is_unavailable_not_slow() -> None:
    ended = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    channel = Channel(_address(server))
    with pytest.raises(BackendUnavailable, match="no connection"):
        await channel.predict([], 0.1)
    ended.set()
    await channel.close()
    server.close()


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
async def test_closing_is_quiet(puppet: Puppet) -> None:
    backends = [TensorFlowServing(puppet.address) for _ in range(20)]
    watchers = [Watcher(backend) for backend in backends]
    for watcher in watchers:
        await watcher.until(True)
    await asyncio.gather(*(backend.close() for backend in backends))


async def test_closed_backend_says_so(puppet: Puppet, backend: TensorFlowServing) -> None:
    await backend.close()
    with pytest.raises(BackendUnavailable, match="closed"):
        await backend.discover(ModelKey("digits"))


async def test_closing_ends_calls_under_way(
    puppet: Puppet, backend: TensorFlowServing, lane: Lane
) -> None:
    puppet.hold()
    call = asyncio.ensure_future(backend.infer(lane, [FRAME], 30.0))
    await asyncio.to_thread(puppet.wait_for_requests, 2)
    await backend.close()
    with pytest.raises(BackendUnavailable):
        await call
