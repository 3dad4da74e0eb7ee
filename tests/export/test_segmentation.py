"""Segmentation models: which outputs are maps, and what is served of them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.commands.task_options import add_task, task_options
from export.contract import CLASS_MAP
from export.errors import ContractError, SourceError
from export.serving.decoding import Canvas
from export.serving.description import describe
from export.serving.signatures import relative_to_images
from export.tasks.selection import select_task
from export.tasks.task import TaskOptions
from export.verification.comparison import compare
from tests.export.opened import BLUE, RED, answers, converted, notes
from tests.export.test_served_outputs import saved

SIZE = tf.constant([64, 32])
INPUT = (64, 32)
ASKED = TaskOptions("segmentation")
SIGMOID = TaskOptions("segmentation", activation="sigmoid")
Outputs = dict[str, np.ndarray]


def scores(*shape: int) -> np.ndarray:
    """Scores whose best column is the last."""
    return np.broadcast_to(np.linspace(-1, 1, shape[-1], dtype=np.float32), shape)


def run(outputs: Outputs, options: TaskOptions = ASKED) -> np.ndarray:
    task = select_task(outputs, options, INPUT)
    found = task({name: tf.constant(value) for name, value in outputs.items()}, SIZE)
    assert list(found) == [CLASS_MAP]
    return found[CLASS_MAP].numpy()


@pytest.mark.parametrize(
    ("outputs", "options", "classes", "note"),
    [
        (
            {"output_0": scores(2, 64, 32, 5)},
            TaskOptions(),
            5,
            "scores of 5 classes for each pixel",
        ),
        ({"segmentation": scores(2, 9, 9, 3)}, TaskOptions(), 3, "because of its name"),
        ({"output_0": scores(2, 9, 9, 3)}, ASKED, 3, "because of --task"),
        ({"output_0": np.ones((2, 16, 8), int)}, TaskOptions(), None, "the class of each pixel"),
        ({"output_0": np.ones((2, 64, 32, 1), int)}, TaskOptions(), None, "because of its shape"),
        ({"class_map": np.ones((2, 9, 9), np.float32)}, TaskOptions(), None, "its name"),
        ({"mask": np.full((2, 64, 32, 1), 0.5)}, ASKED, 2, "has above 0.5"),
        ({"mask": np.full((2, 64, 32, 1), 3.0)}, ASKED, 2, "has above 0,"),
    ],
)
def test_what_is_read_as_a_map(
    outputs: Outputs, options: TaskOptions, classes: int | None, note: str
) -> None:
    task = select_task(outputs, options, INPUT)
    assert (task.name, task.classes) == ("segmentation", classes)
    assert note in task.notes[0]
    [value] = outputs.values()
    assert run(outputs, options).shape == value.shape[:3]


@pytest.mark.parametrize(
    ("outputs", "options", "classes"),
    [
        ({"output_0": scores(2, 64, 32, 5)}, TaskOptions(), 5),
        ({"output_0": scores(2, 16, 8, 5)}, ASKED, 5),
        ({"mask": scores(2, 64, 32, 1)}, ASKED, 2),
        ({"classes": np.full((2, 64, 32, 1), 4)}, TaskOptions(), None),
    ],
)
def test_channels_may_come_first(
    outputs: Outputs, options: TaskOptions, classes: int | None
) -> None:
    """As models have them that were converted from ONNX."""
    turned = {name: np.moveaxis(value, -1, 1) for name, value in outputs.items()}
    task = select_task(turned, options, INPUT)
    assert (task.name, task.classes) == ("segmentation", classes)
    assert (run(turned, options) == run(outputs, options)).all()


@pytest.mark.parametrize(
    "outputs",
    [
        {"output_0": scores(2, 64, 32, 3)},  # a picture
        {"output_0": scores(2, 9, 9, 5)},
        {"output_0": scores(2, 64, 32, 1)},
        {"output_0": scores(2, 64, 32, 5), "sizes": scores(2, 64, 32, 2)},
        {"output_0": np.ones((2, 9, 9), int)},
    ],
)
def test_what_is_not(outputs: Outputs) -> None:
    assert select_task(outputs, TaskOptions(), INPUT).name == "tensors"


def test_what_is_asked_for_must_be_there() -> None:
    with pytest.raises(SourceError, match=r"\[N,H,W,C\].*vector \[2, 5\]"):
        select_task({"vector": scores(2, 5)}, ASKED, INPUT)


@pytest.mark.parametrize(
    ("outputs", "note"),
    [
        (
            {"output_0": scores(2, 9, 9, 5)},
            "[9, 9, 5] may have a value for each pixel: add --task",
        ),
        ({"output_0": scores(2, 64, 32, 1)}, "for a mask, or --task map for values such as depths"),
        ({"output_0": scores(2, 64, 32, 3)}, ""),
        ({"output_0": scores(2, 9, 5)}, ""),
        ({"a": scores(2, 9, 9, 5), "b": scores(2, 9, 9, 4)}, ""),
    ],
)
def test_what_could_be_a_map_is_suggested(outputs: Outputs, note: str) -> None:
    task = select_task(outputs, TaskOptions(), INPUT)
    assert task.name == "tensors"
    assert note in str(task.notes)
    assert bool(task.notes) == bool(note)


@pytest.mark.parametrize(
    ("values", "options", "expected", "dtype"),
    [
        ([[[[0.1, 0.7, 0.2], [0.9, 0.1, 0.0]]]], ASKED, [[[1, 0]]], np.uint8),
        ([[[[0.4], [0.6]]]], ASKED, [[[0, 1]]], np.uint8),
        ([[[[-0.1], [7.0]]]], ASKED, [[[0, 1]]], np.uint8),
        (
            [[[[0.4], [0.6]]]],
            TaskOptions("segmentation", activation="sigmoid"),
            [[[1, 1]]],
            np.uint8,
        ),
        ([[[0.0, 300.0]]], ASKED, [[[0, 300]]], np.int32),
    ],
)
def test_the_class_of_each_pixel(
    values: Any, options: TaskOptions, expected: Any, dtype: Any
) -> None:
    found = run({"output_0": np.array(values, np.float32)}, options)
    assert (found.tolist(), found.dtype) == (expected, dtype)


def test_a_large_map_is_thinned_out() -> None:
    outputs = {"segmentation": np.zeros((1, 1500, 1400), np.uint8)}
    task = select_task(outputs, TaskOptions())
    assert "one in 3 rows and columns of segmentation is served" in task.notes[1]
    assert run(outputs).shape == (1, 500, 467)


def parsed(*flags: str) -> TaskOptions:
    parser = argparse.ArgumentParser()
    add_task(parser)
    return task_options(parser.parse_args(["--task=segmentation", *flags]))


def test_a_palette_needs_a_color_for_each_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "colors.txt"
    file.write_text("#000000\n#00FF7f\n")
    options = parsed(f"--palette={file}")
    outputs = {"output_0": scores(1, 64, 32, 2)}
    assert select_task(outputs, options).details == {"palette": ["#000000", "#00FF7f"]}
    assert select_task(outputs, parsed()).details == {}
    with pytest.raises(SourceError, match="2 colors for 5 classes"):
        select_task({"output_0": scores(1, 64, 32, 5)}, options)
    for wrong in ("red", "#12345", "00ff7f"):
        file.write_text(f"#000000\n{wrong}\n")
        with pytest.raises(SystemExit):
            parsed(f"--palette={file}")
        assert f"'{wrong}' is not a color" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        parsed(f"--palette={tmp_path / 'missing.txt'}")


def test_a_model_is_described(tmp_path: Path) -> None:
    folder = saved(tmp_path, lambda image: {"output_0": tf.concat([image, image[..., :1]], -1)})
    found = converted(folder, TaskOptions(palette=("#ff0000",) * 4))
    values = answers(found, RED, BLUE)[CLASS_MAP]
    assert (values[0].max(), values[1].min(), values.shape) == (0, 2, (2, 16, 16))
    assert "no labels: clients get numbers of classes" in notes(found)
    fields = json.loads(describe("map", found))
    assert (fields["task"], fields["palette"]) == ("segmentation", ["#ff0000"] * 4)


def test_a_map_is_of_the_image_and_not_of_its_bars() -> None:
    canvas = Canvas(4, 4, letterbox=True)
    placements = tf.constant([[0.25, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 0.25]])
    classes = tf.constant([[[9] * 4, [1, 2, 3, 4], [5, 6, 7, 8], [9] * 4]] * 2, tf.uint8)
    found = relative_to_images({CLASS_MAP: classes}, canvas, placements)[CLASS_MAP].numpy()
    assert found[0].tolist() == [[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8], [5, 6, 7, 8]]
    assert found[1].tolist() == [[9] * 4, [3] * 4, [7] * 4, [9] * 4]


def test_verification_allows_a_pixel_in_a_thousand() -> None:
    expected = {CLASS_MAP: np.zeros((50, 40), np.uint8)}
    actual = {CLASS_MAP: expected[CLASS_MAP].copy()}
    actual[CLASS_MAP][0, :2] = 1
    assert compare("served", [actual], [expected]).worst == 1e-3
    actual[CLASS_MAP][0, :3] = 1
    with pytest.raises(ContractError, match="class_map differ from the source"):
        compare("served", [actual], [expected])
