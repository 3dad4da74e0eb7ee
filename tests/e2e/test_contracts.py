"""Other kinds of models than the demo model, through the real model server and the gateway."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from loadtest.stack import Stack
from tests.e2e.client import Client

DESCRIPTIONS = {
    "zoo": {"task": "detection", "labels": ["bright"], "first_class": 1},
    "classifier": {"task": "classification", "labels": ["dark", "grey", "light"]},
}
CONFIG = """
model_config_list {{
  config {{ name: "zoo" base_path: "{0}/zoo" model_platform: "tensorflow" }}
  config {{ name: "classifier" base_path: "{0}/classifier" model_platform: "tensorflow" }}
  config {{ name: "raw" base_path: "{0}/raw" model_platform: "tensorflow" }}
  config {{ name: "ragged" base_path: "{0}/ragged" model_platform: "tensorflow" }}
}}
"""


@pytest.fixture(scope="module")
def stack(other_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("others")
    config, descriptions = folder / "models.config", folder / "descriptions.json"
    config.write_text(CONFIG.format(other_models))
    descriptions.write_text(json.dumps(DESCRIPTIONS))
    with Stack(
        gateway_flags=(
            "--model=zoo",
            f"--descriptions={descriptions}",
            "--max-staleness-ms=20000",
        ),
        model_flags=(f"--model_config_file={config}",),
    ) as running:
        yield running


def picture(size: tuple[int, int], box: tuple[float, float, float, float]) -> bytes:
    """A white box on black, as a PNG."""
    drawn = Image.new("RGB", size)
    x0, y0, x1, y1 = (part * side for part, side in zip(box, (*size, *size), strict=True))
    ImageDraw.Draw(drawn).rectangle((x0, y0, x1 - 1, y1 - 1), fill="white")
    buffer = io.BytesIO()
    drawn.save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_batch_dimension_of_one_serves_many_sessions(stack: Stack) -> None:
    boxes = [(0.25, 0.5, 0.75, 1.0), (0.0, 0.0, 0.5, 0.25), (0.5, 0.25, 1.0, 0.5)]
    sizes = [(64, 48), (96, 32), (40, 80)]

    async def one(number: int) -> None:
        client = await Client.connect(stack.port)
        assert client.model is not None
        assert client.model["labels"] == ["bright"]
        for turn in range(6):
            box, size = boxes[(number + turn) % 3], sizes[number % 3]
            outcome = await client.ask(picture(size, box), format="png")
            assert outcome["type"] == "result"
            assert outcome["batch"] == 1
            assert outcome["classes"] == [0]
            assert outcome["boxes"] == [pytest.approx(box, abs=0.02)]

    await asyncio.gather(*(one(number) for number in range(8)))


async def test_a_classifier_of_float_pixels(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="classifier", max_results=2)
    assert client.model is not None
    assert client.model["task"] == "classification"
    assert (client.model["width"], client.model["height"]) == (8, 8)
    for grey, label in ((0, "dark"), (127, "grey"), (255, "light")):
        outcome = await client.ask(bytes([grey]) * 100, format="gray", width=10, height=10)
        assert client.model["labels"][outcome["classes"][0]] == label
        assert len(outcome["scores"]) == 2
        assert outcome["scores"][0] > 0.9


async def test_raw_tensors(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="raw")
    outcome = await client.ask(bytes([10, 20, 30]) * 16, format="rgb", width=4, height=4)
    colour = outcome["outputs"]["colour"]
    assert (colour["dtype"], colour["shape"]) == ("float32", [3])
    assert struct.unpack("<3f", colour["data"]) == (10.0, 20.0, 30.0)


async def test_a_session_changes_its_model(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="raw")
    await client.say({"type": "configure", "model": "classifier"})
    assert (await client.expect("model_changed"))["model"]["name"] == "classifier"
    outcome = await client.ask(bytes([255]) * 4, format="gray", width=2, height=2)
    assert outcome["classes"][0] == 2


async def test_a_model_that_is_not_there(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="nobody")
    assert client.model is None
    assert (await client.expect("error"))["code"] == "unknown_model"
    outcome = await client.ask(picture((8, 8), (0, 0, 1, 1)), format="png")
    assert outcome["code"] == "unknown_model"
    assert "nobody" in outcome["message"]


async def test_a_model_whose_answers_cannot_be_sent(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="ragged")
    assert client.model is None
    error = await client.expect("error")
    assert (error["code"], error["retryable"]) == ("unusable_model", False)
    assert "its output 'rows' is ragged, not a tensor" in error["message"]
