"""Trained models of every kind, exported by the command and answered through the gateway."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from loadtest.stack import Stack
from tests.conftest import models_config
from tests.e2e.client import Client
from tests.forked import ForkedStack

MODELS = (
    *("ssd", "letterbox", "lightness", "keras", "zoo", "yolo", "raw_ssd"),
    *("pose", "masks", "vector", "depth"),
)
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def stack(exported_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    config = tmp_path_factory.mktemp("sources") / "models.config"
    config.write_text(models_config(exported_sources, MODELS))
    with ForkedStack(
        gateway_flags=("--model=ssd", "--max-staleness-ms=20000"),
        model_flags=(f"--model_config_file={config}",),
    ) as running:
        yield running


def picture(size: tuple[int, int], box: Box, colour: str = "white") -> Image.Image:
    """A box on black; x0, y0, x1, y1 in 0..1."""
    drawn = Image.new("RGB", size)
    x0, y0, x1, y1 = (part * side for part, side in zip(box, (*size, *size), strict=True))
    ImageDraw.Draw(drawn).rectangle((x0, y0, x1 - 1, y1 - 1), fill=colour)
    return drawn


def encoded(drawn: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    drawn.save(buffer, kind)
    return buffer.getvalue()


async def outcomes(client: Client, drawn: Image.Image) -> list[dict]:
    """What the same picture gets as JPEG and PNG, which the graph decodes, and as raw pixels."""
    width, height = drawn.size
    return [
        await client.ask(encoded(drawn, "JPEG")),
        await client.ask(encoded(drawn), format="png"),
        await client.ask(drawn.tobytes(), format="rgb", width=width, height=height),
    ]


async def assert_found(client: Client, drawn: Image.Image, box: Box, label: str) -> None:
    assert client.model is not None
    for outcome in await outcomes(client, drawn):
        assert outcome["type"] == "result", outcome
        assert [client.model["labels"][index] for index in outcome["classes"]] == [label]
        assert outcome["boxes"] == [pytest.approx(box, abs=0.03)]


@pytest.mark.parametrize(("colour", "label"), [("white", "white"), ("red", "red")])
async def test_a_tensorflow_1_detector_finds_boxes(stack: Stack, colour: str, label: str) -> None:
    """From anchors through the softmax, the background's column and the suppression of twins."""
    client = await Client.connect(stack.port, model="ssd", min_score=0.5)
    for box in ((0.25, 0.5, 0.75, 1.0), (0.0, 0.0, 0.25, 0.25), (0.5, 0.0, 1.0, 0.75)):
        await assert_found(client, picture((320, 240), box, colour), box, label)


async def test_letterboxed_frames_get_boxes_of_the_frame(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="letterbox", min_score=0.5)
    assert client.model is not None
    assert (client.model["width"], client.model["height"]) == (64, 64)
    wide, upright = (0.25, 0.5, 0.75, 1.0), (0.0, 0.25, 0.5, 0.75)
    await assert_found(client, picture((256, 128), wide), wide, "white")
    await assert_found(client, picture((128, 256), upright, "red"), upright, "red")


@pytest.mark.parametrize("model", ["yolo", "raw_ssd"])
async def test_detectors_that_are_decoded_in_the_graph(stack: Stack, model: str) -> None:
    """From undecoded rows or offsets to one box of the frame; the YOLO's frames are letterboxed."""
    client = await Client.connect(stack.port, model=model, min_score=0.5)
    wide, upright = (0.25, 0.5, 0.75, 1.0), (0.0, 0.25, 0.5, 0.75)
    await assert_found(client, picture((256, 128), wide), wide, "white")
    await assert_found(client, picture((128, 256), upright, "red"), upright, "red")


async def test_the_masks_of_a_yolo_fill_their_boxes(stack: Stack) -> None:
    """From prototypes to the triangle below the box's diagonal, whoever decodes the picture."""
    client = await Client.connect(stack.port, model="yolo", min_score=0.5)
    assert client.model is not None
    assert client.model["masks"] is True
    for size, box in (((256, 128), (0.25, 0.5, 0.75, 1.0)), ((128, 256), (0.0, 0.25, 0.5, 0.75))):
        for outcome in await outcomes(client, picture(size, box)):
            masks = outcome["box_masks"]
            [runs] = masks["runs"]
            cells = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
            cells = cells.reshape(masks["height"], masks["width"])
            assert cells.shape == (28, 28)
            assert (cells == np.tri(28, k=0, dtype=bool)).mean() > 0.93
            assert not np.triu(cells, 3).any()
            assert np.tril(cells, -3).sum() == np.tri(28, k=-3).sum()


async def test_a_pose_model_has_points_of_the_frame(stack: Stack) -> None:
    """As MoveNet: integers, one image per call. Frames are letterboxed."""
    client = await Client.connect(stack.port, model="pose", min_score=0.5)
    assert client.model is not None
    assert client.model["task"] == "keypoints"
    assert client.model["labels"][9:11] == ["left wrist", "right wrist"]
    assert [7, 9] in client.model["skeleton"]
    for size, box in (((256, 128), (0.25, 0.5, 0.75, 1.0)), ((128, 256), (0.0, 0.25, 0.5, 0.75))):
        for outcome in await outcomes(client, picture(size, box)):
            [points], [score] = outcome["keypoints"], outcome["scores"]
            assert len(points) == 3 * 17
            assert points[:3] == pytest.approx([*box[:2], 0.9], abs=0.03)
            assert points[-3:] == pytest.approx([*box[2:], 0.9], abs=0.03)
            assert score == pytest.approx(0.9, abs=1e-3)
    for outcome in await outcomes(client, Image.new("RGB", (64, 64))):
        assert (outcome["keypoints"], outcome["scores"]) == ([], [])


@pytest.mark.parametrize(("colour", "index"), [("white", 1), ("red", 2), ("blue", 3)])
async def test_a_segmentation_covers_the_frame(stack: Stack, colour: str, index: int) -> None:
    """From scores of each pixel to its class, without the bars of the letterbox."""
    client = await Client.connect(stack.port, model="masks")
    assert client.model is not None
    assert client.model["task"] == "segmentation"
    assert client.model["labels"][index] == colour
    for size, box in (((256, 128), (0.25, 0.5, 0.75, 1.0)), ((128, 256), (0.0, 0.25, 0.5, 0.75))):
        for outcome in await outcomes(client, picture(size, box, colour)):
            masks = outcome["masks"]
            flat = np.repeat(masks["runs"][::2], masks["runs"][1::2])
            classes = flat.reshape(masks["height"], masks["width"])
            inside = np.argwhere(classes == index) / classes.shape
            assert inside.min(axis=0)[::-1] == pytest.approx(box[:2], abs=0.05)
            assert inside.max(axis=0)[::-1] == pytest.approx(box[2:], abs=0.05)
            assert (classes == 0).mean() == pytest.approx(0.75, abs=0.05)


async def test_an_embedding_of_length_1(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="vector", min_score=0.9)
    assert client.model is not None
    assert (client.model["task"], client.model["labels"]) == ("embedding", [])
    for colour, vector in (((255, 0, 0), (1, 0, 0)), ((0, 90, 90), (0, 0.5**0.5, 0.5**0.5))):
        for outcome in await outcomes(client, Image.new("RGB", (40, 30), colour)):
            assert outcome["embedding"] == pytest.approx(vector, abs=0.02)


async def test_a_depth_map_covers_the_frame(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="depth")
    assert client.model is not None
    assert (client.model["task"], client.model["unit"]) == ("map", "m")
    box = (0.25, 0.5, 0.75, 1.0)
    for outcome in await outcomes(client, picture((256, 128), box)):
        found = outcome["map"]
        assert (found["low"], found["high"]) == pytest.approx((0, 3), abs=0.1)
        levels = np.frombuffer(found["levels"], np.uint8).reshape(found["height"], found["width"])
        inside = np.argwhere(levels > 127) / levels.shape
        assert inside.min(axis=0)[::-1] == pytest.approx(box[:2], abs=0.05)
        assert inside.max(axis=0)[::-1] == pytest.approx(box[2:], abs=0.07)


async def test_many_sessions_share_batches(stack: Stack) -> None:
    boxes = [(0.0, 0.25, 0.5, 0.75), (0.5, 0.5, 1.0, 1.0), (0.25, 0.0, 0.5, 1.0)]

    async def one(number: int) -> int:
        client = await Client.connect(stack.port, model="ssd", min_score=0.5)
        largest = 0
        for turn in range(6):
            box = boxes[(number + turn) % 3]
            outcome = await client.ask(encoded(picture((200, 160), box)), format="png")
            assert outcome["boxes"] == [pytest.approx(box, abs=0.03)]
            largest = max(largest, outcome["batch"])
        return largest

    assert max(await asyncio.gather(*(one(number) for number in range(12)))) > 1


async def test_a_tensorflow_1_classifier(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="lightness")
    await assert_classes(client, {"dark": (0, 0, 0), "grey": (127,) * 3, "light": (255,) * 3})


async def test_a_keras_model(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="keras")
    await assert_classes(client, {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)})


async def assert_classes(client: Client, colours: dict[str, tuple[int, ...]]) -> None:
    assert client.model is not None
    assert client.model["task"] == "classification"
    for label, colour in colours.items():
        for outcome in await outcomes(client, Image.new("RGB", (40, 30), colour)):
            assert client.model["labels"][outcome["classes"][0]] == label
            assert outcome["scores"][0] > 0.9
            assert np.isclose(sum(outcome["scores"]), 1, atol=1e-3)


async def test_a_model_of_the_zoo_takes_frames_of_any_size(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="zoo", min_score=0.5)
    for size, box in (((64, 48), (0.25, 0.5, 0.75, 1.0)), ((96, 32), (0.0, 0.0, 0.5, 0.25))):
        await assert_found(client, picture(size, box), box, "bright")


async def test_a_broken_picture_costs_its_neighbours_nothing(stack: Stack) -> None:
    client = await Client.connect(stack.port, model="zoo")
    other = await Client.connect(stack.port, model="zoo")
    whole = encoded(picture((64, 48), (0.25, 0.5, 0.75, 1.0)))
    bad, good = await asyncio.gather(
        client.ask(whole[: len(whole) - 20], format="png"), other.ask(whole, format="png")
    )
    assert bad["code"] == "bad_frame"
    assert good["type"] == "result"
