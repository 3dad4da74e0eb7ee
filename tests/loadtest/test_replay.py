"""``loadtest replay``: what is sent again is what was recorded, and differences are seen."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tornado.testing import bind_unused_port

from framewire.agreement import Agreement
from framewire.client import AsyncClient
from framewire.recording import RecordedFrame, RecordedSession, Recorder, read, read_sessions
from framewire.recording.clock import since_1970
from framewire.recording.files import RecordingFile
from loadtest import __main__ as program
from loadtest.cameras import command as cameras
from loadtest.cameras.target import Target, Unusable
from loadtest.replay import command
from loadtest.replay.player import LEAD_S, Replayed, Run, play
from loadtest.replay.summary import Summary, summarize
from loadtest.replay.text import text
from loadtest.stack import ROOT
from server.access.control import AccessControl
from server.app import http_server
from server.recording import Sampler
from server.runtime.gateway import Gateway
from server.settings import Settings
from tests.server.puppet import Call, PuppetBackend
from tests.server.samples import picture

OPTIONS = {"model": "digits", "min_score": 0.25, "orientation": "apply", "track": {"lost_ms": 9}}
MODEL = {"name": "digits", "version": 1, "task": "detection", "labels": ["zero", "one"]}
ANSWER = {"boxes": [[0.0, 0.0, 0.5, 0.5]], "scores": [0.75], "classes": [1]}
STEP_S = 0.02


def recorded(
    number: int, session: str = "a", options: dict[str, Any] | None = None, **outcome: Any
) -> RecordedFrame:
    message: dict[str, Any] = {"type": "frame", "id": number, "format": "jpeg", "data": picture()}
    if number % 2:
        raw = bytes([number]) * 12
        message |= {"format": "rgb", "data": raw, "width": 2, "height": 2, "captured_at": 1.5}
    result = {"type": "result", "id": number, "model_version": 1, **ANSWER, **outcome}
    origin = RecordedSession(session, OPTIONS if options is None else options, MODEL)
    return RecordedFrame(origin, 1000.0 + STEP_S * number, message, result, 5.0)


@dataclass
class Served:
    """A gateway, and what it records of all that is sent to it."""

    target: Target
    record: Callable[[], list[RecordedFrame]]


@asynccontextmanager
async def serving(
    folder: Path, obey: Callable[[Call], None] = Call.answer
) -> AsyncIterator[Served]:
    path = folder / "again.fwrec"
    sampler = Sampler(Recorder(RecordingFile(path, "test")), 1.0, whole_sessions=False)
    settings = Settings(max_staleness_ms=600_000)
    gateway = Gateway(settings, PuppetBackend(obey), observers=(sampler,))
    access = AccessControl.from_settings(settings)
    server = http_server(gateway, settings, access)
    listening, port = bind_unused_port()
    server.add_socket(listening)
    gateway.start()

    def content() -> list[RecordedFrame]:
        sampler.close()
        return list(read(path))

    yield Served(Target("127.0.0.1", port, "/ws", False, "127.0.0.1"), content)
    server.stop()
    await gateway.drain(0)
    await server.close_all_connections()


def by_session(*frames: RecordedFrame) -> dict[str, list[RecordedFrame]]:
    sessions: dict[str, list[RecordedFrame]] = {}
    for frame in frames:
        sessions.setdefault(frame.session.id, []).append(frame)
    return sessions


async def test_frames_arrive_as_they_were_recorded(tmp_path: Path) -> None:
    """Two sessions, pictures of two kinds, and options that change in between.

    They change a second after the last result: a result is what the options of its moment say.
    """
    other = {"model": "digits", "max_results": 3}
    frames = [recorded(n) for n in range(5)]
    frames += [recorded(n, options={**OPTIONS, "min_score": 0.5}) for n in range(55, 58)]
    frames += [recorded(n, "b", other) for n in range(3, 6)]
    async with serving(tmp_path) as served:
        began = since_1970(time.monotonic()) + LEAD_S
        run = await play(by_session(*frames), served.target)
        received = served.record()
    assert not run.failures
    assert all(one.outcome is not None and one.outcome.result for one in run.frames)
    sessions = {frame.session.id for frame in received}
    assert len(sessions) == 2
    sent_again = [[one for one in received if one.session.id == name] for name in sessions]
    for again, before in zip(sorted(sent_again, key=len), (frames[8:], frames[:8]), strict=True):
        assert [one.message for one in again] == [one.message for one in before]
        options = [
            (one.session.options.get("min_score"), one.session.options.get("max_results"))
            for one in again
        ]
        wanted = [
            (one.session.options.get("min_score"), one.session.options.get("max_results"))
            for one in before
        ]
        assert options == wanted
        # Never sooner than recorded, and at most as much later as the machine is slow: the first
        # may arrive late, and the next in time.
        for now, then in zip(again, before, strict=True):
            assert now.at - began >= then.at - frames[0].at - 0.001


async def test_twice_as_fast_and_with_another_model(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        target = replace(served.target, model="digits")
        run = await play(
            by_session(*[recorded(n, options={"model": "x", "version": 7}) for n in range(3)]),
            target,
            2.0,
        )
        received = served.record()
    assert not run.failures
    assert {one.session.options["model"] for one in received} == {"digits"}
    assert all("version" not in one.session.options for one in received)


async def test_a_second_model_can_be_asked_for(tmp_path: Path) -> None:
    options = {"model": "digits", "then": "letters"}
    for wanted, asked in (("faces", "faces"), (None, "letters")):
        async with serving(tmp_path) as served:
            target = replace(served.target, then=wanted)
            await play(by_session(recorded(0, options=options)), target)
            [received] = served.record()
        assert received.session.options["then"]["model"] == asked


async def test_a_replay_that_is_stopped_compares_what_was_due_by_then(tmp_path: Path) -> None:
    stop = asyncio.Event()

    def obey(call: Call) -> None:
        stop.set()
        call.answer()

    later = [recorded(n) for n in (3000, 3002)] + [recorded(3004, "b")]
    async with serving(tmp_path, obey) as served:
        run = await play(by_session(recorded(0), *later), served.target, stop=stop)
    assert run.stopped
    assert [one.recorded.id for one in run.frames] == [0]
    assert summarize(run).replayed == {"result": 1}


async def test_ctrl_c_on_the_command(tmp_path: Path) -> None:
    """The last frame is due after an hour."""
    path = tmp_path / "long.fwrec"
    recording = RecordingFile(path, "test")
    for frame in (recorded(0), recorded(int(3600 / STEP_S))):
        recording.write(frame)
    recording.close()
    arrived = asyncio.Event()

    def obey(call: Call) -> None:
        arrived.set()
        call.answer()

    async with serving(tmp_path, obey) as served:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "loadtest", "replay", served.target.url, str(path)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        await arrived.wait()
        process.send_signal(signal.SIGINT)
        shown, _ = await process.communicate()
    assert process.returncode == 130
    assert b"sending 2 frames of 1 session in 3600.0 s\n1 frame of 1 session, sent again" in shown
    assert b"in 1 frame\n" in shown


async def test_what_a_client_recorded_can_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "client.fwrec"
    async with serving(tmp_path) as served:
        client = AsyncClient(served.target.url, min_score=0.5, token="secret", record=path)
        async with client:
            for _ in range(3):
                assert (await client.infer(picture())).detections
        sessions = read_sessions(path)
        run = await play(sessions, served.target)
        received = served.record()
    [frames] = sessions.values()
    assert [one.outcome_name for one in frames] == ["result"] * 3
    assert frames[0].data == picture()
    assert frames[0].session.options["min_score"] == 0.5
    assert b"secret" not in path.read_bytes()
    assert [one.message for one in received[3:]] == [one.message for one in frames]
    summary = summarize(run)
    assert (summary.answered, summary.agreement.overall) == (1.0, 1.0)


async def test_a_client_that_cannot_record_does_not_open(tmp_path: Path) -> None:
    client = AsyncClient("ws://127.0.0.1:9/ws", record=tmp_path / "missing" / "file.fwrec")
    with pytest.raises(FileNotFoundError):
        await client.__aenter__()


async def test_a_gateway_that_is_gone() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = Target("127.0.0.1", unused.getsockname()[1], "/ws", False, "127.0.0.1")
        run = await play(by_session(recorded(0), recorded(1)), target)
    assert sum(run.failures.values()) == 1
    summary = summarize(run)
    assert summary.replayed == {"unsent": 2}
    assert summary.answered == 0.0


# The comparison


def replayed(before: RecordedFrame, **outcome: Any) -> Replayed:
    after = replace(before, outcome={**(before.outcome or {}), **outcome}, after_ms=8.0)
    return Replayed(before, 0.5, after)


def test_what_agrees_and_what_does_not() -> None:
    dropped = {"type": "dropped", "reason": "expired"}
    run = Run([replayed(recorded(n)) for n in range(8)])
    run.frames.append(replayed(recorded(8), boxes=[[0.5, 0.5, 1.0, 1.0]]))
    run.frames.append(replayed(recorded(9), **dropped))
    run.frames.append(replayed(replace(recorded(10), outcome={**dropped, "id": 10})))
    run.frames.append(Replayed(recorded(11), 0.5))
    summary = summarize(run)
    assert summary.recorded == {"result": 11, "dropped expired": 1}
    assert summary.replayed == {"result": 9, "dropped expired": 2, "none": 1}
    assert summary.answered == pytest.approx(9 / 11)
    assert summary.agreement.overall == pytest.approx(16 / 18)
    assert [one.held for one in summary.measures(0.8, 0.8)] == [True, True]
    assert [one.held for one in summary.measures(0.9, 0.95)] == [False, False]
    lines = text(summary, "ws://x/ws", 2, summary.measures(0.9, 0.95), {"lost": 1})
    assert "12 frames of 2 sessions" in lines
    assert "8.0 ms" in lines
    assert "digits/1 now" in lines
    assert "1 x lost" in lines
    assert lines.count("NOT HELD") == 2


def test_a_summary_of_nothing_can_be_printed() -> None:
    summary = Summary(0, {}, {}, [], [], [], [], 0, Agreement(), 0.0)
    assert "nothing to compare" in text(summary, "ws://x/ws", 1, summary.measures(0.9, 0.9), {})


# The command


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.fwrec"
    recording = RecordingFile(path, "test")
    for frame in (recorded(0), recorded(1), recorded(2, "b"), recorded(300)):
        recording.write(frame)
    recording.close()
    return path


def chosen(path: Path, *flags: str) -> argparse.Namespace:
    return program._parser("loadtest").parse_args(["replay", "ws://x/ws", str(path), *flags])


def test_parts_of_a_recording_can_be_chosen(file: Path) -> None:
    assert command._sessions(chosen(file)) == read_sessions(file)
    assert list(command._sessions(chosen(file, "--session=b"))) == ["b"]
    short = command._sessions(chosen(file, "--seconds=2"))
    assert {name: [one.id for one in some] for name, some in short.items()} == {
        "a": [0, 1],
        "b": [2],
    }
    with pytest.raises(Unusable, match=r"there is no session c in .*; choose from a, b$"):
        command._sessions(chosen(file, "--session=c"))
    with pytest.raises(Unusable, match="No such file"):
        command._sessions(chosen(file.with_name("missing")))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"boxes": [[0.0, 0.0, 0.5, 0.5]], "scores": [0.75], "classes": []}, "boxes: ValueError"),
        ({"boxes": [[0.0, 0.5]]}, "boxes: IndexError"),
        ({"boxes": 7}, "boxes: TypeError"),
    ],
)
def test_a_malformed_result_is_named_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], reason: str
) -> None:
    path = tmp_path / "some.fwrec"
    recording = RecordingFile(path, "test")
    for frame in (recorded(0), recorded(1, **changes)):
        recording.write(frame)
    recording.close()
    assert cameras.guarded(command.run, chosen(path), "loadtest replay") == 2
    [line] = capsys.readouterr().err.splitlines()
    assert f"{path}, record 4: the result is malformed: {reason}" in line


def test_a_malformed_answer_of_the_gateway_agrees_with_nothing() -> None:
    broken = Run([replayed(recorded(0), scores=[])])
    assert summarize(broken).agreement.overall == 0.0


def test_without_a_gateway_the_status_is_2(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = chosen(file)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        options.url = f"ws://127.0.0.1:{unused.getsockname()[1]}/ws"
        assert cameras.guarded(command.run, options, "loadtest replay") == 2
    assert "nothing listens there" in capsys.readouterr().err
