"""The figures of a load are those of the server's own clock, to the frame."""

from __future__ import annotations

import asyncio
import itertools
import math
import re
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from framewire.recording import read_sessions
from loadtest.cameras import worker
from loadtest.cameras.effort import Effort, Probe
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import Recording
from loadtest.cameras.schedule import captures
from loadtest.cameras.source import Picture
from loadtest.cameras.summary import Summary, summarize
from loadtest.cameras.worker import Task
from tests.loadtest import virtual
from tests.loadtest.puppet import MODEL, Puppet
from tests.server.access import authority
from tests.server.access.authority import certify

PROFILE = Profile(1, 50.0, 4.0, ramp_s=0.0, warm_up_s=0.0, jitter=0.0)
IGNORING = replace(PROFILE, obeys_window=False)
QUICK_S = 0.02
END_S = 3.01
"""Of the stall, between two captures."""


def load(
    puppet: Puppet,
    profile: Profile,
    meanwhile: Callable[[], None] = lambda: None,
    ca: str | None = None,
    picture: bytes = b"picture",
    record: Path | None = None,
) -> Recording:
    """The frames of a load on the puppet, which starts at 1 s of its clock."""

    async def work() -> Recording:
        async with puppet.serving() as target:
            pictures = [Picture("jpeg", picture)]
            numbers = range(profile.sessions)
            task = Task(profile, replace(target, ca=ca), pictures, numbers, record)
            asyncio.get_running_loop().call_at(3.0, meanwhile)
            return (await worker.run(task, started_at=1.0)).recording

    return virtual.run(work())


def figures(recording: Recording, profile: Profile) -> Summary:
    return summarize(recording, profile.since_s, profile.until_s)


def stalled(at: float, number: int) -> float:
    """Answer what arrives within a second only after it."""
    return QUICK_S + (END_S - at if END_S - 1 <= at < END_S else 0.0)


@pytest.mark.parametrize("profile", [PROFILE, IGNORING])
def test_a_stall_shows_at_its_full_length(profile: Profile) -> None:
    puppet = Puppet(stalled)
    summary = figures(load(puppet, profile), profile)
    assert summary.age_ms(100) == pytest.approx(1000 * max(puppet.delays_s), rel=0.05)
    assert summary.age_ms(100) == pytest.approx(1000, rel=0.05)
    assert summary.age_ms(99) == pytest.approx(1000, rel=0.05)
    assert summary.age_ms(50) == pytest.approx(1000 * QUICK_S, rel=0.1)


def test_a_frame_that_waits_for_the_window_ages_from_its_capture() -> None:
    """The last one that was captured during the stall was sent when the window had room again."""
    recording = load(Puppet(stalled), PROFILE)
    rows = range(len(recording))
    [held] = [row for row in rows if recording.sent[row] > recording.captured[row] + 0.001]
    waited_s = recording.sent[held] - recording.captured[held]
    assert recording.age_ms(held) == pytest.approx(1000 * (waited_s + QUICK_S))
    assert recording.totals["unsent"] > 40


def test_every_lost_frame_is_counted() -> None:
    puppet = Puppet(lambda at, number: None if number % 10 == 9 else QUICK_S)
    recording = load(puppet, IGNORING)
    assert puppet.lost == recording.totals["missing"] == 20
    assert len(recording) == 200
    assert recording.totals["result"] == 180
    assert figures(recording, IGNORING).answered == 0.9


def test_a_lost_connection_costs_its_frames_and_is_opened_again() -> None:
    puppet = Puppet(lambda at, number: 0.05)
    recording = load(puppet, PROFILE, lambda: puppet.sessions[0].close())
    assert len(puppet.sessions) == 2
    assert 1 <= recording.totals["disconnected"] <= 4
    assert recording.totals["not_connected"] == pytest.approx(0.25 * 50, abs=2)
    assert sum(recording.totals.values()) == len(recording) == 200


def test_a_camera_sends_no_more_than_advised() -> None:
    recording = load(Puppet(pace=5.0), PROFILE)
    assert recording.totals["result"] == pytest.approx(4 * 5, abs=2)
    ignoring = replace(PROFILE, obeys_pace=False)
    assert load(Puppet(pace=5.0), ignoring).totals["result"] == 200


def test_a_slow_uplink_makes_frames_late_and_rare() -> None:
    slow = replace(PROFILE, uplink_mbit_s=1.0)
    recording = load(Puppet(), slow, picture=bytes(12_500))  # 100 ms
    summary = figures(recording, slow)
    assert summary.sent == pytest.approx(40, abs=2)
    assert summary.age_ms(0) >= 120
    assert summary.age_ms(100) == pytest.approx(120, abs=1000 / 50 + 1)  # and held until the next


def test_cameras_trust_only_the_given_certificates(tmp_path: Path) -> None:
    root = certify("root")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.write(tmp_path, certify("leaf", root), root))
    (tmp_path / "root.pem").write_bytes(root.pem)
    trusting = load(Puppet(tls=tls), PROFILE, ca=str(tmp_path / "root.pem"))
    assert trusting.totals == {"result": 200}
    other = load(Puppet(tls=tls), PROFILE)
    assert other.totals == {"not_connected": 200}
    [reason] = other.failures
    assert re.match("its certificate is not trusted (.*); name its CA with --ca", reason)


def test_a_closed_loop_sends_when_it_has_its_answer() -> None:
    closed = replace(PROFILE, closed=True, sessions=3)
    summary = figures(load(Puppet(lambda at, number: 0.1), closed), closed)
    assert summary.frames_per_s == pytest.approx(3 * 10, rel=0.1)
    assert summary.age_ms(50) == pytest.approx(100, rel=0.05)


def test_the_ramp_and_the_warm_up_do_not_count() -> None:
    profile = replace(PROFILE, sessions=4, ramp_s=1.0, warm_up_s=1.0)
    recording = load(Puppet(), profile)
    assert figures(recording, profile).captured == pytest.approx(4 * 4 * 50, abs=4)
    assert len(recording) > 4 * 5 * 50


def test_disconnecting_cameras_and_slow_readers_leave_the_others_alone() -> None:
    profile = replace(PROFILE, sessions=4, seconds=8.0, slow_readers=0.25, disconnecting=0.25)
    recording = load(Puppet(), profile)
    names = {
        camera: {
            recording.name(row) for row in range(len(recording)) if recording.camera[row] == camera
        }
        for camera in range(4)
    }
    assert names[1] == names[2] == {"result"}
    assert "not_connected" in names[3]
    oldest = max(
        recording.age_ms(row) for row in range(len(recording)) if recording.camera[row] == 0
    )
    assert oldest > 1000


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_captures_keep_their_beat(jitter: float) -> None:
    profile = replace(PROFILE, sessions=2, jitter=jitter)
    times = captures(profile, 1)
    first = [next(times) for _ in range(1000)]
    assert first == sorted(first)
    assert first[-1] - first[0] == pytest.approx(999 / 50, abs=1 / 50)


def test_poisson_arrivals_have_the_rate_and_the_spread() -> None:
    times = captures(replace(PROFILE, poisson=True), 0)
    first = [0.0, *(next(times) for _ in range(5000))]
    gaps = [later - earlier for earlier, later in itertools.pairwise(first)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(1 / 50, rel=0.1)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert spread == pytest.approx(mean, rel=0.1)


def test_a_blocked_event_loop_shows_in_the_lag_of_the_load_generator() -> None:
    async def work() -> Effort:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual.VirtualLoop)
        probe = Probe()
        probe.start()
        loop.call_at(1.0, loop.pass_time, 1.0)
        await asyncio.sleep(30.0)
        probe.stop()
        return probe.effort()

    effort = virtual.run(work())
    assert effort.max_lag_ms == pytest.approx(1000, rel=0.05)
    assert 500 < effort.lag_ms < 900  # for a second of thirty


def test_boxes_of_the_second_model_are_counted_with_the_reasons() -> None:
    answers = [{"classes": [1]}, {}, None, {"missing": "unknown_model"}, {"missing": "expired"}]
    recording = load(Puppet(then={"answers": answers}), PROFILE)
    assert recording.totals == {"result": 200}
    assert not recording.failures
    assert recording.boxes == {"answered": 400, "unknown_model": 200, "expired": 200}


def test_recordings_of_several_processes_add_up() -> None:
    parts = []
    for outcome in ("error bad_frame", "result"):
        part = Recording()
        part.messages[outcome] = f"about {outcome}"
        part.boxes["answered"] = 2
        part.settle(part.capture(0, 1.0), outcome, 1.5)
        parts.append(part)
    parts[0].extend(parts[1])
    assert [parts[0].name(row) for row in range(2)] == ["error bad_frame", "result"]
    assert parts[0].totals == {"error bad_frame": 1, "result": 1}
    assert parts[0].messages["result"] == "about result"
    assert parts[0].boxes == {"answered": 4}


def test_all_frames_can_be_recorded(tmp_path: Path) -> None:
    """The recording has what was sent and when, and what came of it."""
    puppet = Puppet(lambda at, number: None if number == 3 else QUICK_S)
    recording = load(puppet, PROFILE, record=tmp_path)
    [frames] = read_sessions(tmp_path).values()
    sent = [row for row in range(len(recording)) if recording.sent[row] >= 0]
    assert len(frames) == len(sent) == puppet.received
    for frame, row in zip(frames, sent, strict=True):
        assert frame.data == b"picture"
        since = recording.sent[row] - recording.sent[sent[0]]
        assert frame.at - frames[0].at == pytest.approx(since, abs=0.001)
    assert [frame.id for frame in frames if frame.outcome is None] == [3]
    assert frames[0].after_ms == pytest.approx(1000 * QUICK_S, rel=0.05)
    assert frames[0].session.model == MODEL


def altered(kind: str, **fields: object) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """Messages of a kind get these fields; None: they lose them."""

    def alter(message: dict[str, Any]) -> list[dict[str, Any]]:
        if message["type"] != kind:
            return [message]
        changed = {**message, **fields}
        return [{name: value for name, value in changed.items() if value is not None}]

    return alter


@pytest.mark.parametrize(
    "fields",
    [
        {"timing_ms": None},
        {"timing_ms": {"queue": "a", "inference": 1.0}},
        {"batch": "two"},
        {"batch": 10**6},
        {"batch": -1},
        {"then": [1]},
        {"id": [1]},
    ],
    ids=str,
)
def test_a_malformed_result_is_no_answer(
    fields: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """Its session ends, and each frame has an outcome all the same."""
    recording = load(Puppet(alter=altered("result", **fields)), PROFILE)
    assert set(recording.totals) <= {"disconnected", "not_connected", "unsent"}
    assert sum(recording.totals.values()) == len(recording) == 200
    [(reason, count)] = recording.failures.items()
    assert reason.startswith("it sent a message that is not one of framewire.v1: ")
    assert count >= 5
    assert caplog.records == []  # asyncio logs what a protocol raises


def test_what_a_later_gateway_may_say_about_a_frame() -> None:
    """A message that is no outcome settles nothing, and unknown fields change nothing."""

    def alter(message: dict[str, Any]) -> list[dict[str, Any]]:
        later = {**message, "later": 1, "then": {"later": 1}}
        return [{"type": "pace"}, {"type": "preview", "id": message.get("id", 0)}, later]

    recording = load(Puppet(alter=alter), PROFILE)
    assert dict(recording.totals) == {"result": 200}
    assert not recording.failures


def test_a_session_that_ends_with_its_welcome() -> None:
    """The end may be noticed together with the welcome; no frame is sent into it."""

    def alter(message: dict[str, Any]) -> list[dict[str, Any] | bytes]:
        return [message, b"\xc1"]

    recording = load(Puppet(alter=alter), PROFILE)
    assert dict(recording.totals) == {"not_connected": len(recording)}
    assert all(math.isnan(sent) for sent in recording.sent)
