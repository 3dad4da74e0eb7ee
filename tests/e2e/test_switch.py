"""Versions with other inputs take each other's place under live cameras."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests import forked
from tests.e2e.client import Client
from tests.forked import ForkedStack
from tests.server.waiting import until

VERSIONS = 6
CAMERAS = 4


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(buffer, "JPEG")
    return buffer.getvalue()


def answered_by(version: int, messages: list[dict[str, Any]]) -> bool:
    return any(message.get("model_version") == version for message in messages)


async def watch(port: int, picture: bytes, messages: list[dict[str, Any]]) -> None:
    """Be a camera until the last version has answered; keep what the gateway says."""
    client = await Client.connect(port)
    versions = {1}
    number = 0
    while max(versions) < VERSIONS:
        await client.say({"type": "frame", "id": number, "format": "jpeg", "data": picture})
        while True:
            message = await client.hear()
            messages.append(message)
            versions.add(message.get("model_version", 1))
            if message.get("id") == number:
                break
        number += 1
        await asyncio.sleep(0.01)
    client.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All versions, where no model server looks."""
    folder = tmp_path_factory.mktemp("made")
    assert forked.run("tests.e2e.switched_models", str(folder)).returncode == 0
    return folder


async def test_no_frame_fails_and_no_session_learns_anything_untrue(
    made: Path, tmp_path: Path
) -> None:
    (made / "1").rename(tmp_path / "1")
    messages: list[list[dict[str, Any]]] = [[] for _ in range(CAMERAS)]
    with ForkedStack(
        gateway_flags=("--model=shop", "--max-staleness-ms=20000"),
        model_flags=("--model_name=shop", f"--model_base_path={tmp_path}"),
    ) as stack:
        cameras = [asyncio.ensure_future(watch(stack.port, jpeg(), m)) for m in messages]
        for version in range(2, VERSIONS + 1):
            (made / str(version)).rename(tmp_path / str(version))
            await until(lambda v=version: answered_by(v, messages[0]))
        await asyncio.wait_for(asyncio.gather(*cameras), 30)
    for heard in messages:
        assert {m["type"] for m in heard} <= {"result", "model_changed"}, heard
        changes = [m["model"]["version"] for m in heard if m["type"] == "model_changed"]
        assert changes == list(range(2, VERSIONS + 1))
        for result in (m for m in heard if m["type"] == "result"):
            assert result["classes"] == [result["model_version"] - 1]
            assert len(result["boxes"]) == 1
