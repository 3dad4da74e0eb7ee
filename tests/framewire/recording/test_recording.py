"""Recordings: what is written is read again, within the bounds that an operator relies on."""

from __future__ import annotations

import logging
import math
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest

from framewire.recording import (
    RecordedFrame,
    RecordedSession,
    Recorder,
    RecordingError,
    read,
    read_sessions,
    records,
)
from framewire.recording.files import RecordingFile, RecordingFolder
from framewire.recording.tap import Tap

MODEL = {"name": "digits", "version": 3, "task": "detection", "labels": ["zero", "one"]}
SESSION = RecordedSession("5e55", {"min_score": 0.25}, MODEL)


def frame(number: int, size: int = 100, session: RecordedSession = SESSION) -> RecordedFrame:
    message = {"type": "frame", "id": number, "format": "jpeg", "data": bytes([number]) * size}
    outcome = {"type": "dropped", "id": number, "reason": "superseded"}
    return RecordedFrame(session, 1000.0 + number, message, outcome, 12.5)


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    other = RecordedSession("6f66", {}, None)
    later = replace(SESSION, model={**MODEL, "version": 4})
    frames = [frame(1), frame(2, session=other), frame(3), frame(4, session=later), frame(5)]
    frames.append(replace(frame(6), outcome=None, after_ms=None))
    file = RecordingFile(tmp_path / "one.fwrec", "test")
    assert all(map(file.write, frames))
    file.close()
    assert list(read(tmp_path / "one.fwrec")) == frames
    assert list(read(tmp_path)) == frames
    assert {name: len(some) for name, some in read_sessions(tmp_path).items()} == {
        "5e55": 5,
        "6f66": 1,
    }
    assert frames[0].outcome_name == "dropped superseded"
    assert frames[5].outcome_name == "none"
    assert later.labels == ("zero", "one")


def test_a_file_that_was_cut_off_ends_with_the_last_whole_frame(tmp_path: Path) -> None:
    path = tmp_path / "cut.fwrec"
    file = RecordingFile(path, "test")
    for number in range(3):
        file.write(frame(number))
    file.close()
    path.write_bytes(path.read_bytes()[:-1])
    assert [one.id for one in read(path)] == [0, 1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is not a recording"),
        (b"\xff\xd8\xff\xe0 a JPEG", "it is not a recording"),
        (
            msgpack.packb({"type": "recording", "format": "framewire.recording", "version": 2}),
            "its version is 2, this program reads 1",
        ),
        (
            msgpack.packb({"type": "recording", "format": "framewire.recording", "version": 1})
            + msgpack.packb({"type": "frame", "session": "unknown"}),
            "unknown",
        ),
    ],
)
def test_what_is_no_recording(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "wrong.fwrec"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=words):
        list(read(path))


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ({"type": "result", "id": 2}, "'model_version' is missing"),
        ({"type": "result", "id": 2, "model_version": "new"}, "invalid literal"),
        ({"type": "result", "id": 2, "model_version": math.inf}, "infinity"),
        (
            {"type": "result", "id": 2, "model_version": 1, "timing_ms": {"inference": "long"}},
            "could not convert",
        ),
        ({"id": 2}, "'type' is missing"),
        ("result", "must be a map"),
    ],
)
def test_a_record_that_cannot_be_read_is_named(tmp_path: Path, outcome: Any, reason: str) -> None:
    path = tmp_path / "one.fwrec"
    file = RecordingFile(path, "test")
    file.write(frame(1))
    file.close()
    record = records.frame_map(frame(2)) | {"outcome": outcome}
    path.write_bytes(path.read_bytes() + msgpack.packb(record))
    frames = read(path)
    first = next(frames)
    assert (first.id, first.place) == (1, f"{path}, record 3")  # after the header and a session
    with pytest.raises(RecordingError, match=f"{path}, record 4 cannot be read: .*{reason}"):
        next(frames)


def test_paths_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there are no recordings"):
        list(read(tmp_path))
    with pytest.raises(RecordingError, match="No such file"):
        list(read(tmp_path / "missing.fwrec"))


def test_only_the_user_can_read_them(tmp_path: Path) -> None:
    existing = tmp_path / "existing.fwrec"
    existing.touch(0o644)
    RecordingFile(existing, "test").close()
    folder = RecordingFolder(tmp_path / "new" / "folder", 1 << 20, 3600)
    folder.write(frame(1))
    folder.close()
    assert stat.S_IMODE(existing.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    [file] = (tmp_path / "new" / "folder").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_keeps_its_size_and_the_newest_frames(tmp_path: Path) -> None:
    most, clock = 40_000, Clock()
    folders = [RecordingFolder(tmp_path, most, 3600, 2, clock) for _ in range(2)]
    for number in range(200):
        clock.now += 0.01
        assert folders[number % 2].write(frame(number % 256, 1000))
        folders[number % 2].flush()
        assert size_of(tmp_path) <= most
    assert size_of(tmp_path) > most / 3
    for folder in folders:
        folder.close()
    ids = [one.id for one in read(tmp_path)]
    assert {198, 199} <= set(ids)
    assert 0 not in ids


def test_a_frame_that_is_too_large_costs_no_other(tmp_path: Path) -> None:
    folder = RecordingFolder(tmp_path, 40_000, 3600)
    assert folder.write(frame(1))
    assert not folder.write(frame(2, 50_000))
    assert folder.write(frame(3))
    folder.close()
    assert [one.id for one in read(tmp_path)] == [1, 3]


def test_no_frame_stays_longer_than_it_may(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "mine.fwrec").touch()
    folder = RecordingFolder(tmp_path, 1 << 20, 3600, 1, clock)
    folder.write(frame(1))
    clock.now += 1000
    folder.write(frame(2))
    clock.now += 3000
    folder.tidy()
    assert (tmp_path / "mine.fwrec").exists()
    (tmp_path / "mine.fwrec").unlink()
    assert [one.id for one in read(tmp_path)] == [2]
    clock.now += 1000
    RecordingFolder(tmp_path, 1 << 20, 3600, 1, clock)  # a start tidies as well
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        RecordingFolder(tmp_path / "file" / "folder", 1 << 20, 3600)


# The thread


class Sink:
    """A disk that writes once it is released, unless it fails."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.began = threading.Event()
        self.frames: list[RecordedFrame] = []
        self.error: OSError | None = None
        self.closed = False

    def write(self, one: RecordedFrame) -> bool:
        self.began.set()
        assert self.released.wait(10)
        if self.error is not None:
            raise self.error
        self.frames.append(one)
        return True

    def flush(self) -> None:
        """Nothing is buffered."""

    def tidy(self) -> None:
        """Nothing gets old."""

    def close(self) -> None:
        self.closed = True


def maker(number: int) -> Callable[[], RecordedFrame]:
    return lambda: frame(number)


def test_a_slow_disk_costs_samples_and_memory_is_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink = Sink()
    recorder = Recorder(sink, max_waiting_bytes=1000)
    for number in range(50):
        recorder.add(100, maker(number))  # returns, though nothing is written
    assert recorder.lost == 40
    sink.released.set()
    recorder.close()
    assert sink.closed
    assert [one.id for one in sink.frames] == list(range(10))
    assert (recorder.written, recorder.lost) == (10, 40)
    [line] = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert "frames not recorded: 40, because they arrive faster" in line


def test_a_full_disk_is_reported_and_nothing_else_happens(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink = Sink()
    sink.error = OSError(28, "No space left on device")
    sink.released.set()
    recorder = Recorder(sink)
    recorder.add(100, maker(1))
    recorder.close()
    assert (recorder.written, recorder.lost) == (0, 1)
    assert "frames not recorded: 1, because No space left on device" in caplog.text


def test_a_frame_that_cannot_be_recorded_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> RecordedFrame:
        raise ValueError("broken")

    sink = Sink()
    sink.released.set()
    recorder = Recorder(sink)
    recorder.add(100, broken)
    recorder.add(100, maker(1))
    recorder.close()
    assert [one.id for one in sink.frames] == [1]
    assert "cannot be recorded" in caplog.text


# A client's messages


def test_a_tap_pairs_frames_with_their_outcomes() -> None:
    clock, sink = Clock(), Sink()
    sink.released.set()
    recorder = Recorder(sink)
    tap = Tap(recorder, clock)
    hello = {"type": "hello", "client": "mine", "token": "secret", "min_score": 0.5, "label": "a"}
    tap.sent(hello)
    tap.received({"type": "welcome", "session": "5e55", "model": MODEL})
    picture = {"type": "frame", "format": "jpeg", "data": b"picture"}
    tap.sent({**picture, "id": 1})
    tap.sent({**picture, "id": 2})
    tap.sent({"type": "configure", "token": "newer", "min_score": 0.1})
    clock.now += 0.25
    tap.received({"type": "error", "code": "bad_message", "message": "no frame's", "id": 9})
    tap.received({"type": "result", "id": 2, "boxes": []})
    tap.received({"type": "pong"})
    tap.lost()
    recorder.close()
    answered, unanswered = sink.frames
    assert answered.message == {**picture, "id": 2}
    assert answered.result == {"type": "result", "id": 2, "boxes": []}
    assert answered.after_ms == pytest.approx(250)
    assert answered.session == RecordedSession("5e55", {"min_score": 0.1, "label": "a"}, MODEL)
    assert (unanswered.id, unanswered.outcome, unanswered.after_ms) == (1, None, None)
    assert answered.at == unanswered.at


@pytest.mark.parametrize("fields", [{"at": math.inf}, {"at": math.nan}, {"after_ms": math.nan}])
def test_a_time_that_never_comes_is_named(tmp_path: Path, fields: dict[str, float]) -> None:
    path = tmp_path / "one.fwrec"
    file = RecordingFile(path, "test")
    file.write(frame(1))
    file.close()
    path.write_bytes(path.read_bytes() + msgpack.packb(records.frame_map(frame(2)) | fields))
    with pytest.raises(RecordingError, match=r"record 4 cannot be read: .* is not a time"):
        list(read(path))


def test_options_without_names(tmp_path: Path) -> None:
    session = {"type": "session", "session": "s", "at": 0.0, "options": {b"a": 1}, "model": None}
    path = tmp_path / "one.fwrec"
    path.write_bytes(msgpack.packb(records.header("test")) + msgpack.packb(session))
    with pytest.raises(RecordingError, match=r"record 2 cannot be read: .* must have names"):
        list(read(path))
