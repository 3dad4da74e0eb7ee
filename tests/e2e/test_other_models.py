"""Releases of a model that is not the gateway's default, which sessions ask for by its name."""

from __future__ import annotations

import asyncio
import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack
from tests.conftest import models_config
from tests.e2e.client import Client
from tests.export.versions import run
from tests.forked import ForkedStack

MODELS = ("digits", "goods", "shelf")
EVERY_VERSION = """
model_version_policy { all {} } version_labels { key: "stable" value: 1 }
"""


@pytest.fixture(scope="module")
def models(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo model under three names; goods has two versions."""
    folder = tmp_path_factory.mktemp("models")
    for name in (*(f"{name}/1" for name in MODELS), "goods/2"):
        shutil.copytree(demo_models / "digits" / "1", folder / name)
    return folder


@pytest.fixture(scope="module")
def stack(models: Path) -> Iterator[Stack]:
    """All three models; the model server loads whatever is published of shelf."""
    file = models / "models.config"
    base = f'base_path: "{models / "shelf"}"'
    file.write_text(models_config(models, MODELS).replace(base, base + EVERY_VERSION))
    labels = "--allow_version_labels_for_unavailable_models"
    with ForkedStack(
        gateway_flags=(f"--model-config={file}", "--canary-share=1", "--max-staleness-ms=20000"),
        model_flags=(f"--model_config_file={file}", labels),
    ) as started:
        yield started


async def answers(stack: Stack, **options: Any) -> tuple[int | None, str | None]:
    """The version that answers a new session with these options, and the label it tells."""
    client = await Client.connect(stack.port, **options)
    [picture] = camera_jpegs(1)
    result = await client.ask(picture)
    client.close()
    return result.get("model_version"), (client.model or {}).get("label")


def listed(stack: Stack) -> set[tuple[str, str | None, int]]:
    with urllib.request.urlopen(f"{stack.url}v1/models", timeout=60) as answer:
        entries = json.loads(answer.read())["models"]
    return {(entry["name"], entry["label"], entry["version"]) for entry in entries}


def uploaded(stack: Stack, name: str) -> int:
    """The version that answers an upload."""
    [picture] = camera_jpegs(1)
    with urllib.request.urlopen(f"{stack.url}v1/infer?model={name}", picture, 60) as answer:
        version: int = json.loads(answer.read())["model_version"]
    return version


async def test_a_name_follows_the_releases_of_its_model(stack: Stack, models: Path) -> None:
    where = ["--model", "goods", "--base-path", models / "goods"]
    where += ["--server", f"127.0.0.1:{stack.grpc_port}"]
    [picture] = camera_jpegs(1)
    client = await Client.connect(stack.port, model="goods")

    async def answered_by(version: int, label: str | None) -> None:
        while client.model is None or (client.model["version"], client.model["label"]) != (
            version,
            label,
        ):
            await client.expect("model_changed")
        result = await client.ask(picture)
        assert (result["type"], result["model_version"]) == ("result", version)
        assert await answers(stack, model="goods") == (version, label)
        assert uploaded(stack, "goods") == version

    await answered_by(2, None)
    assert run("promote", 1, *where).returncode == 0
    await answered_by(1, "stable")
    assert run("canary", 2, *where).returncode == 0  # which is loaded now, and the newest
    assert await answers(stack, model="goods", label="canary") == (2, "canary")
    await answered_by(1, "stable")
    assert ("goods", "stable", 1) in listed(stack)
    assert ("goods", None, 2) not in listed(stack)
    assert run("canary", "--stop", *where).returncode == 0
    assert run("promote", 2, *where).returncode == 0
    await answered_by(2, "stable")
    assert run("rollback", *where).returncode == 0
    await answered_by(1, "stable")
    assert await answers(stack, model="goods", version=2) == (2, None), "it is still loaded"
    client.close()


async def test_a_published_version_waits_to_be_promoted(stack: Stack, models: Path) -> None:
    assert await answers(stack, model="shelf") == (1, "stable")
    shutil.copytree(models / "shelf" / "1", models / "shelf" / ".2")
    (models / "shelf" / ".2").rename(models / "shelf" / "2")
    client = await Client.connect(stack.port, model="shelf", version=2)
    while client.model is None:  # until it is loaded
        await client.expect("model_changed")
    client.close()
    sessions = await asyncio.gather(*(answers(stack, model="shelf") for _ in range(8)))
    assert set(sessions) == {(1, "stable")}
    assert uploaded(stack, "shelf") == 1
    assert {entry for entry in listed(stack) if entry[0] == "shelf"} == {("shelf", "stable", 1)}
