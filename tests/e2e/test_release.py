"""Versions released under live traffic, with real processes and the commands as they are typed."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from export.__main__ import main
from export.release import config
from export.release.config import ConfigFile
from loadtest import paced, swaps
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import ROOT, SecondGateway, Stack
from tests.e2e.client import Client
from tests.export.versions import run
from tests.forked import ForkedStack
from tests.releases import planted

PATIENT = "--max-staleness-ms=20000"
"""A slow machine may take its time: what is late is other tests' matter."""


def test_no_camera_gets_an_error_because_of_a_swap(
    demo_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swaps, "Stack", ForkedStack)
    seen = swaps.run(demo_models, sessions=8, swaps=1, rate=4.0, seconds=1.0)
    assert seen.errors == []
    assert seen.wrong == []
    assert [move.version for move in seen.moves] == [2, 1]
    assert {one.version for one in seen.during if one.outcome == "result"} == {1, 2}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for two versions of the demo model, and those that tests publish."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def stack(demo_models: Path, models: Path) -> Iterator[Stack]:
    """As `make run` starts it, with two versions, and a gateway whose sessions try the canary."""
    for number in (1, 2):
        shutil.copytree(demo_models / "digits" / "1", models / "digits" / str(number))
    with ForkedStack(models, gateway_flags=("--canary-share=1", PATIENT)) as started:
        yield started


@pytest.fixture(scope="module")
def gateway(stack: Stack) -> Iterator[Stack]:
    """A second gateway, which shadows a canary and follows its steps."""
    flags = ("--canary-steps=50,100", "--shadow=canary", "--shadow-share=1", PATIENT)
    with SecondGateway(stack, *flags) as started:
        yield started


def metrics(stack: Stack, name: str) -> dict[str, float]:
    """A figure of each version."""
    with urllib.request.urlopen(f"{stack.url}metrics", timeout=5) as page:
        families = text_string_to_metric_families(page.read().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return {sample.labels["version"]: sample.value for sample in samples}


async def test_labels_come_move_and_go_without_a_restart(stack: Stack, models: Path) -> None:
    where = ["--base-path", models / "digits", "--server", f"127.0.0.1:{stack.grpc_port}"]
    [picture] = camera_jpegs(1)
    client = await Client.connect(stack.port)

    async def answered_by(version: int, label: str | None) -> None:
        while client.model is None or client.model["label"] != label:
            await client.expect("model_changed")
        result = await client.ask(picture)
        assert (result["type"], result["model_version"]) == ("result", version)
        assert client.model["version"] == version

    await answered_by(2, None)
    assert run("promote", 1, *where).returncode == 0
    await answered_by(1, "stable")
    assert run("canary", 2, *where).returncode == 0
    await answered_by(2, "canary")
    assert metrics(stack, "framewire_model_sessions") == {"2": 1.0}
    assert run("canary", "--stop", *where).returncode == 0
    # The label is gone, and the gateway learns it from this frame, which gets its result.
    result = await client.ask(picture)
    assert (result["type"], result["model_version"]) == ("result", 1)
    await answered_by(1, "stable")
    assert metrics(stack, "framewire_model_results_total") == {"1": 3.0, "2": 2.0}
    client.close()


async def test_a_version_with_swapped_labels_is_rolled_back_before_anyone_sees_it(
    stack: Stack, gateway: Stack, models: Path
) -> None:
    where = ["--base-path", models / "digits", "--server", f"127.0.0.1:{stack.grpc_port}"]
    assert main(["promote", "1", *map(str, where)]) == 0
    worse = models / "digits" / ".3"
    planted.write(models / "digits" / "1", worse, "swapped")
    (worse / "assets.extra" / "tf_serving_warmup_requests").unlink()
    worse.rename(models / "digits" / "3")
    client = await Client.connect(gateway.port)
    automatic = ("canary", 3, "--auto", "--gateway", gateway.url, "--steps", 50, *where)
    released = asyncio.create_task(asyncio.to_thread(run, *automatic))
    [picture] = camera_jpegs(1)
    versions = set()
    while not released.done():
        versions.add((await client.ask(picture)).get("model_version"))
        await asyncio.sleep(0.05)
    client.close()
    ended = await released
    assert ended.returncode == 1
    assert "version 3 was rolled back at 0 %: " in ended.stderr
    # Of each frame, two objects differ, so either may be the first to have five bad ones.
    assert re.search("answers that differ: 100|objects of class .* 100", ended.stderr)
    assert ended.stdout.splitlines()[-1] == "canary      3 -> none"
    assert versions == {1}


class Watch:
    """``canary 2 --auto`` as a process of its own."""

    def __init__(self, gateway: Stack, *where: object) -> None:
        self._arguments = [
            *("-m", "export", "canary", "2", "--auto", "--no-shadow", "--gateway", gateway.url),
            *("--steps", "50,100", "--step-seconds", "1", "--least", "5", *map(str, where)),
        ]

    async def start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, *self._arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )


async def said(process: asyncio.subprocess.Process, words: str) -> list[str]:
    """Wait until the command says something; return all that it has said before."""
    assert process.stdout is not None
    lines: list[str] = []
    while words not in (lines or [""])[-1]:
        line = await process.stdout.readline()
        assert line, lines
        lines.append(line.decode())
    return lines[:-1]


async def test_a_killed_command_goes_on_where_it_was_and_so_does_a_killed_gateway(
    stack: Stack, gateway: Stack, models: Path
) -> None:
    where = ["--base-path", models / "digits", "--server", f"127.0.0.1:{stack.grpc_port}"]
    assert main(["promote", "1", *map(str, where)]) == 0
    frames = [Frame(picture) for picture in camera_jpegs(2)]
    watch = Watch(gateway, *where)
    command = await watch.start()
    await said(command, "version 2 gets 50 % of the sessions; compared with 1")
    command.kill()
    assert await command.wait() == -signal.SIGKILL
    command = await watch.start()
    before = await said(command, "version 2 gets 50 % of the sessions; compared with 1")
    assert before == []  # no step is repeated, and no label moved
    gateway.gateway.kill()
    await asyncio.to_thread(gateway.start)
    cameras = await paced.connect(gateway.port, frames, 24, 0.5)
    await said(command, "version 2 gets 100 % of the sessions")
    await said(command, "version 2 holds, and keeps 100 % of the sessions")
    assert await command.wait() == 0
    await asyncio.gather(*(camera.finish() for camera in cameras))
    versions = {seen.version for camera in cameras for seen in camera.seen}
    for camera in cameras:
        camera.leave()
    assert versions == {1, 2}
    labels = ConfigFile(models / "models.config").read()
    assert config.labels(labels, "digits") == {
        "stable": 1,
        "canary": 2,
        "canary-50": 2,
        "canary-100": 2,
    }
    assert main(["canary", "--stop", *map(str, where)]) == 0
