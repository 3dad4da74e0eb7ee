"""Ctrl-C ends a load, and what was measured by then is still reported."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.cameras import load, worker
from loadtest.cameras.interrupt import Interrupted, noticed
from loadtest.cameras.profile import Profile
from loadtest.cameras.source import Picture
from loadtest.cameras.target import Target
from loadtest.cameras.worker import Share, Task
from loadtest.stack import ROOT, Stack
from tests.loadtest import virtual
from tests.loadtest.puppet import Puppet

PROFILE = Profile(2, 50.0, 60.0, ramp_s=0.0, warm_up_s=1.0, jitter=0.0)


async def stopped_after(seconds: float, target: Target, profile: Profile) -> Share:
    """The load on a gateway, which starts at 1 s of the loop's clock and is stopped later."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_at(1.0 + seconds, stop.set)
    task = Task(profile, target, [Picture("jpeg", b"picture")], range(profile.sessions))
    return await worker.run(task, 1.0, stopped=stop)


def test_a_stopped_load_captures_no_more_and_awaits_the_last_outcomes() -> None:
    async def work() -> tuple[Share, float]:
        async with Puppet(lambda at, number: 0.3).serving() as target:
            share = await stopped_after(3.0, target, PROFILE)
            return share, asyncio.get_running_loop().time()

    share, ended_at = virtual.run(work())
    assert max(share.recording.captured) == pytest.approx(3.0, abs=0.05)
    assert share.recording.totals["result"] > 10
    assert share.recording.totals["missing"] == 0
    assert sum(share.recording.totals.values()) == len(share.recording)
    assert ended_at < 4.0 + 1.0


def test_frames_without_an_outcome_are_missing_then() -> None:
    async def work() -> Share:
        async with Puppet(lambda at, number: None).serving() as target:
            return await stopped_after(3.0, target, PROFILE)

    totals = virtual.run(work()).recording.totals
    assert totals["missing"] == 2 * 4  # the windows of two cameras


def test_cameras_that_have_not_joined_yet_need_not_be_awaited() -> None:
    async def work() -> tuple[Share, float]:
        async with Puppet().serving() as target:
            slow = Profile(2, 50.0, 60.0, ramp_s=200.0)
            share = await stopped_after(0.5, target, slow)
            return share, asyncio.get_running_loop().time()

    share, ended_at = virtual.run(work())
    assert ended_at < 3.0
    assert set(share.recording.camera) == {0}


def test_a_gateway_that_never_welcomes_anybody_need_not_be_awaited() -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def work() -> float:
        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            target = Target("127.0.0.1", port, "/ws", False, "127.0.0.1")
            await stopped_after(11.5, target, PROFILE)  # in the second attempt
            ended_at = asyncio.get_running_loop().time()
            await asyncio.sleep(0.1)  # until both ends have noticed
            return ended_at

    assert virtual.run(work()) < 12.5 + 6.5


def test_the_first_signal_is_noticed_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with noticed() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_only_the_time_until_then_counts() -> None:
    assert load.until(PROFILE, None) is PROFILE
    assert load.until(PROFILE, 62.0) is PROFILE
    assert load.until(PROFILE, 4.5678).seconds == 3.5
    with pytest.raises(Interrupted, match="stopped before any frame counted"):
        load.until(PROFILE, 1.05)


def test_ctrl_c_on_the_command(patient_stack: Stack, tmp_path: Path) -> None:
    flags = ["--sessions=2", "--rate=5", "--seconds=600", "--ramp=0", "--warm-up=0"]
    flags += ["--processes=2", "--max-lag-ms=60000", "--objective=max_ms=60000"]
    flags += [f"--{kind}={tmp_path / 'report'}.{kind}" for kind in ("json", "csv", "html")]
    command = [sys.executable, "-m", "loadtest", "cameras", patient_stack.url, *flags]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert "measuring" in process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        shown = process.stdout.read()
    assert process.returncode == 130
    assert "stopped           after " in shown
    assert "objective         max_ms" in shown
    figures = json.loads((tmp_path / "report.json").read_text())
    seconds = figures["profile"]["seconds"]
    assert 1 <= seconds < 600 == figures["planned_seconds"]
    assert figures["captured"] == pytest.approx(2 * 5 * seconds, abs=3)
    assert sum(figures["outcomes"].values()) == figures["captured"]
    assert "This load was stopped after" in (tmp_path / "report.html").read_text()
    assert (tmp_path / "report.csv").exists()


def test_ctrl_c_on_a_search_keeps_what_was_found(patient_stack: Stack, tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    flags = ["--sessions=1", "--rate=5", "--seconds=0.3", "--ramp=0", "--warm-up=0", "--seed=3"]
    flags += ["--max-lag-ms=60000", "--objective=max_ms=60000", f"--json={found}"]
    command = [sys.executable, "-m", "loadtest", "capacity", patient_stack.url, *flags]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split()[:3] == ["1", "camera", "met"]
        os.killpg(process.pid, signal.SIGINT)
        shown = process.stdout.read()
    assert process.returncode == 130
    assert re.search("[0-9]+ cameras? or more within max_ms=60000; the search was stopped", shown)
    figures = json.loads(found.read_text())
    assert figures["stopped"]
    assert figures["cameras"] >= 1
    assert figures["levels"]
