"""Other kinds of models than the demo model, through the real model server and the gateway."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import numpy as np
import pytest
from PIL import Image, ImageDraw
from tornado.httpclient import AsyncHTTPClient

from loadtest.stack import Stack
from server.backend.stubs import model_pb2, predict_pb2, prediction_service_pb2_grpc
from server.backend.tensors import to_numpy
from tests.e2e.client import Client
from tests.e2e.film import jpeg, scenes
from tests.forked import ForkedStack
from tests.server.backend.puppet_server import tensor

DESCRIPTIONS: dict[str, Any] = {
    "zoo": {"task": "detection", "labels": ["bright"], "first_class": 1},
    "classifier": {"task": "classification", "labels": ["dark", "grey", "light"]},
}
CONFIG = """
model_config_list {{
  config {{ name: "zoo" base_path: "{0}/zoo" model_platform: "tensorflow" }}
  config {{ name: "classifier" base_path: "{0}/classifier" model_platform: "tensorflow" }}
  config {{ name: "raw" base_path: "{0}/raw" model_platform: "tensorflow" }}
  config {{ name: "ragged" base_path: "{0}/ragged" model_platform: "tensorflow" }}
  config {{ name: "digits" base_path: "{1}/digits" model_platform: "tensorflow" }}
}}
"""


@pytest.fixture(scope="module")
def stack(
    other_models: Path, demo_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("others")
    config, descriptions = folder / "models.config", folder / "descriptions.json"
    config.write_text(CONFIG.format(other_models, demo_models))
    descriptions.write_text(json.dumps(DESCRIPTIONS))
    with ForkedStack(
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


# Two models, one frame.

BOXES = 8


def predicted(stack: Stack, name: str, values: Any) -> dict[str, np.ndarray[Any, Any]]:
    """What the model server says when asked without a gateway."""
    request = predict_pb2.PredictRequest(model_spec=model_pb2.ModelSpec(name=name))
    [alias] = {"digits": ["image"], "classifier": ["pixels"]}[name]
    request.inputs[alias].CopyFrom(tensor(values))
    with grpc.insecure_channel(f"127.0.0.1:{stack.grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        response = stub.Predict(request, timeout=20)
    return {alias: to_numpy(alias, output) for alias, output in response.outputs.items()}


def cut_offline(jpeg: bytes, box: Sequence[float]) -> np.ndarray[Any, Any]:
    """The crop of a box [x0, y0, x1, y1] as the classifier takes it."""
    drawn = Image.open(io.BytesIO(jpeg)).convert("RGB")
    edges = tuple(round(e * side) for e, side in zip(box, drawn.size * 2, strict=True))
    crop = drawn.crop(edges)  # type: ignore[arg-type]
    small = crop.resize((8, 8), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(small, np.float32) / 255


async def test_two_models_say_together_what_each_says_offline(stack: Stack) -> None:
    [scene] = scenes([72])
    picture = jpeg(scene)
    alone = await asyncio.to_thread(predicted, stack, "digits", np.array([picture], object))
    boxes = alone["detection_boxes"][0][:BOXES, [1, 0, 3, 2]].clip(0, 1)
    crops = np.stack([cut_offline(picture, box) for box in boxes])
    offline = (await asyncio.to_thread(predicted, stack, "classifier", crops))["probabilities"]

    client = await Client.connect(stack.port, model="digits", max_results=BOXES, then="classifier")
    outcome = await client.ask(picture)
    assert alone["num_detections"][0] > BOXES
    assert outcome["boxes"] == [pytest.approx(box, abs=1e-6) for box in boxes.tolist()]
    answers = outcome["then"]["answers"]
    assert outcome["then"]["model_version"] == 1
    for answer, scores in zip(answers, offline, strict=True):
        order = np.argsort(-scores, kind="stable")
        assert answer["classes"] == order.tolist()
        assert answer["scores"] == pytest.approx(scores[order], abs=1e-5)
        assert answer["labels"] == [DESCRIPTIONS["classifier"]["labels"][i] for i in order]


async def test_a_second_model_of_boxes_finds_them_in_the_frame(stack: Stack) -> None:
    """A detector of pixels first, one of pictures second: uploads and sessions say the same."""
    [scene] = scenes([72])
    framed = Image.new("RGB", (640, 480))
    framed.paste("white", (320, 240, 640, 480))
    framed.paste(Image.open(io.BytesIO(jpeg(scene))).resize((316, 236)), (322, 242))
    encoded = io.BytesIO()
    framed.save(encoded, "PNG")
    client = await Client.connect(stack.port, then={"model": "digits", "min_score": 0.3})
    outcome = await client.ask(encoded.getvalue(), format="png")
    [answer] = outcome["then"]["answers"]
    assert len(answer["boxes"]) >= 2
    x0, y0, x1, y1 = outcome["boxes"][0]
    assert all(
        x0 <= a[0] < a[2] <= x1 + 0.01 and y0 <= a[1] < a[3] <= y1 + 0.01 for a in answer["boxes"]
    )
    crop = framed.crop((round(x0 * 640), round(y0 * 480), round(x1 * 640), round(y1 * 480)))
    alone = await Client.connect(stack.port, model="digits", min_score=0.3, max_results=5)
    said = await alone.ask(crop.tobytes(), format="rgb", width=crop.width, height=crop.height)
    assert answer["classes"] == said["classes"]
    assert answer["scores"] == pytest.approx(said["scores"], abs=1e-5)
    query = 'then={"model":"digits","min_score":0.3}'
    response = await AsyncHTTPClient().fetch(
        f"{stack.url}v1/infer?{quote(query, safe='=')}", method="POST", body=encoded.getvalue()
    )
    [uploaded] = json.loads(response.body)["then"]["answers"]
    assert uploaded["labels"] == answer["labels"]
