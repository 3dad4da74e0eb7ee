"""What the gateway records: nothing, unless it is asked to, and never at a frame's expense."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from framewire.recording import RecordedFrame, Recorder, read
from framewire.recording.files import RecordingFolder
from server.app import open_sampler
from server.core.answers import Detections
from server.core.messages import Hello, Options, Result
from server.core.tracking.areas import Area
from server.core.tracking.options import TrackingOptions
from server.core.wire import JSON, decode
from server.recording import Sampler, _message
from server.runtime.gateway import Gateway
from server.settings import Settings, WrongSetting
from tests.server.camera import Camera
from tests.server.puppet import Call, PuppetBackend
from tests.server.samples import LIMITS, frame, picture

PATIENT: dict[str, Any] = {"max_staleness_ms": 600_000}


def content_of(folder: Path) -> list[RecordedFrame]:
    """All frames recorded in a folder."""
    return list(read(folder)) if any(folder.iterdir()) else []


async def recorded(
    settings: Settings, *cameras: tuple[Options, list[int]]
) -> tuple[list[Camera], list[RecordedFrame]]:
    """Cameras that send frames, and what was recorded of them."""
    sampler = open_sampler(settings)
    assert sampler is not None
    gateway = Gateway(settings, PuppetBackend(Call.answer), observers=(sampler,))
    gateway.start()
    opened = []
    for options, ids in cameras:
        camera = await Camera(gateway).open(options)
        opened.append(camera)
        for number in ids:
            camera.shoot(number)
            await camera.outcome(number)
    await gateway.drain(0)
    sampler.close()
    return opened, content_of(Path(settings.record))


def settings_for(folder: Path, **others: Any) -> Settings:
    return Settings(**{**PATIENT, "record": str(folder), "record_share": 1.0, **others})


def test_nothing_is_recorded_by_default() -> None:
    assert open_sampler(Settings()) is None


async def test_a_frame_is_recorded_as_it_was_sent_and_answered(tmp_path: Path) -> None:
    options = Options(
        token="secret",
        client="somebody's phone",
        min_score=0.25,
        orientation="apply",
        track=TrackingOptions(),
        zones=(Area("door", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),),
    )
    [camera], [one] = await recorded(settings_for(tmp_path), (options, [7]))
    assert one.session.id == camera.session.id
    assert one.message == {"type": "frame", "id": 7, "format": "jpeg", "data": picture()}
    outcome = camera.outcomes[7]
    assert isinstance(outcome, Result)
    assert isinstance(outcome.answer, Detections)
    assert one.result is not None
    assert one.result["scores"] == outcome.answer.scores == [0.75]
    assert one.result["timing_ms"]["total"] == pytest.approx(outcome.timing_ms.total, abs=0.01)
    assert one.after_ms is not None
    assert one.after_ms >= one.result["timing_ms"]["total"] - 0.01
    assert one.session.labels == ("zero", "one")
    assert one.session.options["zones"] == {"door": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]}
    assert one.session.options["min_score"] == 0.25
    names = str({**one.session.options, **one.message})
    assert "secret" not in names
    assert "somebody" not in names


@pytest.mark.parametrize(
    "asked",
    [
        "faces",
        {"model": "faces", "label": "canary", "max_boxes": 3, "min_score": 0.5, "max_results": 1},
        {"model": "faces", "version": 4},
        True,
    ],
)
async def test_the_second_model_is_recorded_as_hello_takes_it(tmp_path: Path, asked: Any) -> None:
    def understood(then: Any) -> Options:
        message = decode(json.dumps({"type": "hello", "then": then}), JSON, LIMITS)
        assert isinstance(message, Hello)
        return message.options

    options = understood(asked)
    _, [one] = await recorded(settings_for(tmp_path), (options, [7]))
    assert understood(one.session.options["then"]) == options


async def test_frames_without_a_result_are_recorded_with_the_reason(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    sampler = open_sampler(settings)
    assert sampler is not None
    gateway = Gateway(settings, PuppetBackend(Call.judge), observers=(sampler,))
    gateway.start()
    camera = await Camera(gateway).open()
    camera.shoot(1, b"poison")
    await camera.outcome(1)
    await gateway.drain(0)
    sampler.close()
    assert [one.outcome_name for one in read(tmp_path)] == ["error bad_frame"]


async def test_a_share_of_the_frames(tmp_path: Path) -> None:
    _, none = await recorded(settings_for(tmp_path, record_share=0.0), (Options(), [1, 2, 3]))
    assert none == []
    ids = list(range(1, 201))
    _, some = await recorded(settings_for(tmp_path, record_share=0.5), (Options(), ids))
    assert 50 < len(some) < 150


async def test_whole_sessions(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, record_share=0.5, record_unit="sessions")
    cameras, frames = await recorded(settings, *[(Options(), [1, 2, 3])] * 40)
    numbers = {camera.session.id: 0 for camera in cameras}
    for one in frames:
        numbers[one.session.id] += 1
    assert set(numbers.values()) == {0, 3}


async def test_a_disk_that_hangs_delays_no_frame(tmp_path: Path) -> None:
    class Hanging(RecordingFolder):
        def write(self, frame: RecordedFrame) -> bool:
            hangs.acquire()
            return super().write(frame)

    hangs = threading.Semaphore(0)
    recorder = Recorder(Hanging(tmp_path, 16 << 20, 3600), max_waiting_bytes=len(picture()) * 2)
    sampler = Sampler(recorder, 1.0, whole_sessions=False)
    gateway = Gateway(Settings(**PATIENT), PuppetBackend(Call.answer), observers=(sampler,))
    gateway.start()
    camera = await Camera(gateway).open()
    for number in range(10):
        camera.shoot(number)
        assert isinstance(await camera.outcome(number), Result)
    assert recorder.lost == 8
    hangs.release(2)
    await gateway.drain(0)
    sampler.close()
    assert [one.id for one in read(tmp_path)] == [0, 1]


def test_raw_pictures_keep_their_size() -> None:
    message = _message(frame(3, "rgba"))
    assert (message["width"], message["height"]) == (64, 48)
    assert "width" not in _message(frame(3))


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"record_max_mb": 16, "workers": 4}, "record_max_mb: 16 is too small .* 4 workers; at"),
        ({"record": "/dev/null/folder"}, "record: cannot write to /dev/null/folder: Not a dir"),
    ],
)
def test_settings_that_cannot_work(tmp_path: Path, others: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongSetting, match=words):
        open_sampler(settings_for(tmp_path, **others))


def test_the_start_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    sampler = open_sampler(settings_for(tmp_path / "kept", record_share=0.1))
    assert sampler is not None
    sampler.close()
    assert f"recording 10 % of all frames in {tmp_path / 'kept'}" in caplog.text
