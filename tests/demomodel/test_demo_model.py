"""The demo model in the repository, and the version that is made from it."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from demomodel import CHECKPOINT, camera, samples, scenes, scoring, weights
from demomodel.metrics import FILE, Metrics
from demomodel.network import LABELS
from demomodel.source import detector, open_demo
from export.errors import ContractError
from export.serving.conversion import ImageOptions, resolve
from export.sources import checkpoints
from export.tasks.task import TaskOptions
from export.verification import golden
from export.verification.options import VerifyOptions
from export.verification.report import Report
from export.verification.verify import verify_new


@pytest.fixture(scope="module")
def version(demo_models: Path) -> Path:
    return demo_models / "digits" / "1"


@pytest.fixture(scope="module")
def signatures(version: Path) -> Any:
    return tf.saved_model.load(str(version)).signatures


@pytest.fixture(scope="module")
def shown() -> list[scenes.Scene]:
    """Return scenes that the model was not trained on."""
    return [scenes.render((77, number)) for number in range(24)]


@pytest.fixture(scope="module")
def jpegs(shown: list[scenes.Scene]) -> list[bytes]:
    """Return the pictures of the scenes."""
    return [camera.jpeg(scene.picture, 80) for scene in shown]


@pytest.fixture(scope="module")
def metrics() -> Metrics:
    return json.loads((CHECKPOINT / FILE).read_text("utf-8"))


def answers(signatures: Any, encoded: list[bytes]) -> dict[str, np.ndarray]:
    outputs = signatures["serving_default"](image=tf.constant(encoded))
    return {name: value.numpy() for name, value in outputs.items()}


def test_the_checkpoint_is_small_and_measured(metrics: Metrics) -> None:
    found = checkpoints.find(CHECKPOINT)
    assert sum(file.stat().st_size for file in found.files()) <= 3 * 2**20
    network = weights.restore(found)
    assert network.parameters() == metrics["parameters"] <= 500_000
    assert metrics["map_50"] >= 0.88
    assert metrics["scenes"]["held_out"] >= 500
    assert len(metrics["fonts"]["held_out"]) >= 6


def test_the_metrics_belong_to_the_checkpoint(metrics: Metrics) -> None:
    assert metrics["sha256"] == checkpoints.find(CHECKPOINT).digest()


def test_digits_in_new_scenes_are_detected(
    signatures: Any, shown: list[scenes.Scene], jpegs: list[bytes]
) -> None:
    tally = scoring.Tally()
    for found, scene in zip(scoring.unpack(answers(signatures, jpegs)), shown, strict=True):
        tally.add(found, scene.boxes, scene.labels)
    recall, precision = tally.at(0.5)
    assert recall > 0.75  # some digits are too faint or too dark for anyone
    assert precision > 0.9


def test_an_images_answer_does_not_depend_on_its_batch(signatures: Any, jpegs: list[bytes]) -> None:
    together = list(scoring.unpack(answers(signatures, jpegs[:5])))
    for index in range(5):
        [alone] = scoring.unpack(answers(signatures, [jpegs[index]]))
        assert alone.classes.tolist() == together[index].classes.tolist()
        assert np.abs(alone.boxes - together[index].boxes).max() < 1e-4


def test_boxes_are_sorted_padded_and_in_range(signatures: Any, jpegs: list[bytes]) -> None:
    outputs = answers(signatures, jpegs)
    scores, counts = outputs["detection_scores"], outputs["num_detections"].astype(int)
    assert (np.diff(scores, axis=1) <= 0).all()
    assert outputs["detection_boxes"].min() >= 0
    assert outputs["detection_boxes"].max() <= 1
    for row, count in enumerate(counts):
        assert (scores[row, :count] >= 0.05).all()
        assert not scores[row, count:].any()
        assert not outputs["detection_boxes"][row, count:].any()


def test_a_broken_image_is_an_error(signatures: Any, jpegs: list[bytes]) -> None:
    with pytest.raises(tf.errors.OpError):
        answers(signatures, [jpegs[0], jpegs[1][:3000]])


def test_the_description(signatures: Any) -> None:
    told = json.loads(signatures["describe"]()["description"].numpy())
    made_at = told.pop("made_at")
    assert made_at.endswith("Z")
    assert told == {
        "schema": 1,
        "name": "digits",
        "task": "detection",
        "labels": list("0123456789"),
        "first_class": 0,
        "input": {
            "width": 192,
            "height": 192,
            "resize": "stretch",
            "scale": {"mean": [0, 0, 0], "std": [1, 1, 1]},
        },
        "formats": ["jpeg", "png"],
        "max_batch": None,
        "made_by": "framewire-export 0.2.0",
        "made_from": f"digits sha256:{checkpoints.find(CHECKPOINT).digest()}",
    }


def test_weights_are_stored_once(version: Path) -> None:
    files = [file for file in version.rglob("*") if file.is_file()]
    files = [file for file in files if "assets.extra" not in file.parts]
    assert sum(file.stat().st_size for file in files) < 1.3 * 2**20


def test_a_version_with_other_weights_fails(version: Path) -> None:
    """Verification notices even weights that are nearly right."""
    network = weights.restore(checkpoints.find(CHECKPOINT))
    network.classes.bias.assign_add(tf.fill([10], 0.05))
    source = dataclasses.replace(open_demo(CHECKPOINT), reference=detector(network))
    images = samples.rendered()
    conversion = resolve(source, ImageOptions(), TaskOptions(first_class=0), LABELS, images)
    expected = golden.Golden(images, golden.answers(conversion, images))
    report = Report("digits/1")
    with pytest.raises(ContractError, match="differ from the source's by"):
        verify_new(report, version, conversion, expected, VerifyOptions(full=False))
    assert not report.passed
    assert [check.name for check in report.checks if not check.passed] == ["golden"]


def test_clean_digits_on_white_are_detected(signatures: Any) -> None:
    """A row of clean digits on white, as on a screen."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (640, 480), "white")
    font = ImageFont.load_default(size=130)
    ImageDraw.Draw(picture).text((60, 150), "20583", fill="black", font=font)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    [found] = scoring.unpack(answers(signatures, [buffer.getvalue()]))
    sure = found.scores >= 0.5
    order = np.argsort(found.boxes[sure][:, 1])
    assert found.classes[sure][order].tolist() == [2, 0, 5, 8, 3]
