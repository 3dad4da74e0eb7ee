"""Two models behind one gateway, over real processes: one cannot cost the other a frame."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.stack import Stack
from tests.e2e.client import Client
from tests.forked import ForkedStack

CONFIG = """
model_config_list {{
  config {{ name: "zoo" base_path: "{0}/zoo" model_platform: "tensorflow" }}
  config {{ name: "mute" base_path: "{0}/mute" model_platform: "tensorflow" }}
}}
"""
PIXELS = bytes([0, 255]) * (8 * 8 * 3 // 2)
CAMERAS = 8


@pytest.fixture(scope="module")
def stack(other_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """``zoo`` takes one frame a call, and there is one call at a time: frames always wait."""
    config = tmp_path_factory.mktemp("two") / "models.config"
    config.write_text(CONFIG.format(other_models))
    with ForkedStack(
        gateway_flags=("--model=zoo", "--max-calls=1", "--max-staleness-ms=20000"),
        model_flags=(f"--model_config_file={config}",),
    ) as running:
        yield running


async def test_a_model_that_cannot_describe_itself_costs_no_frame_of_another(
    stack: Stack,
) -> None:
    outcomes: Counter[str] = Counter()
    stopped = asyncio.Event()

    async def camera() -> None:
        client = await Client.connect(stack.port)
        while not stopped.is_set():
            outcome = await client.ask(PIXELS, format="rgb", width=8, height=8)
            outcomes[outcome.get("code", outcome["type"])] += 1
        client.close()

    cameras = [asyncio.ensure_future(camera()) for _ in range(CAMERAS)]
    for _ in range(5):
        # Each session looks the model up anew, since the one before was its only user.
        client = await Client.connect(stack.port, model="mute")
        assert client.model is None
        outcome = await client.ask(PIXELS, format="rgb", width=8, height=8)
        assert (outcome["code"], outcome["retryable"]) == ("backend_unavailable", True)
        client.close()
    stopped.set()
    await asyncio.gather(*cameras)
    assert outcomes.keys() == {"result"}
    assert outcomes["result"] > CAMERAS
