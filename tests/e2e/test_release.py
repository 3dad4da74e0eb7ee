"""Versions released under live traffic, with real processes and the commands as they are typed."""

from __future__ import annotations

import asyncio
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from export.__main__ import main
from loadtest import swaps
from loadtest.pictures import camera_jpegs
from loadtest.stack import SecondGateway, Stack
from tests.e2e.client import Client
from tests.export.versions import run
from tests.forked import ForkedStack
from tests.releases import planted


def test_no_camera_gets_an_error_because_of_a_swap(demo_models: Path) -> None:
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
    with ForkedStack(models, gateway_flags=("--canary-share=1",)) as started:
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
    stack: Stack, models: Path
) -> None:
    where = ["--base-path", models / "digits", "--server", f"127.0.0.1:{stack.grpc_port}"]
    assert main(["promote", "1", *map(str, where)]) == 0
    worse = models / "digits" / ".3"
    planted.write(models / "digits" / "1", worse, "swapped")
    (worse / "assets.extra" / "tf_serving_warmup_requests").unlink()
    worse.rename(models / "digits" / "3")
    flags = ("--canary-steps=50", "--shadow=canary", "--shadow-share=1")
    with SecondGateway(stack, *flags) as gateway:
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
