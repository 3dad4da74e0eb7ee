"""Models with a value for each pixel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import DENSE_MAP
from export.errors import SourceError
from export.serving.description import describe
from export.tasks.selection import select_task
from export.tasks.task import TaskOptions
from tests.export.opened import BLUE, RED, answers, converted, notes
from tests.export.test_served_outputs import saved

ASKED = TaskOptions("map", unit="m")
VALUES = np.full((2, 6, 4), 0.5, np.float32)


@pytest.mark.parametrize(
    ("outputs", "options", "task"),
    [
        ({"predicted_depth": VALUES}, TaskOptions(), "map"),
        ({"disparity": VALUES[..., None], "more": VALUES}, TaskOptions(), "map"),
        ({"output_0": VALUES[..., None]}, ASKED, "map"),
        ({"depth": VALUES[:, None]}, TaskOptions(), "map"),
        ({"output_0": VALUES}, TaskOptions(), "tensors"),
        ({"depth": VALUES}, TaskOptions("tensors"), "tensors"),
        ({"depth_to_space": VALUES}, TaskOptions(), "tensors"),
        ({"depthwise_conv2d_1": VALUES}, TaskOptions(), "tensors"),
        ({"conv2d_transpose_3": VALUES[..., None]}, TaskOptions(), "tensors"),
    ],
)
def test_what_is_read_as_a_map(outputs: dict[str, Any], options: TaskOptions, task: str) -> None:
    found = select_task(outputs, options)
    assert found.name == task
    if task == "map":
        values = {name: tf.constant(value) for name, value in outputs.items()}
        assert found(values, tf.constant([6, 4]))[DENSE_MAP].shape == (2, 6, 4)
        assert bool(found.notes) == (options.task is None)


def test_what_is_asked_for_must_be_there() -> None:
    with pytest.raises(SourceError, match=r"\[N,H,W,1\].*vector \[2, 5\]"):
        select_task({"vector": np.zeros((2, 5), np.float32)}, ASKED)


def test_a_large_map_is_thinned_out() -> None:
    outputs = {"depth": np.zeros((1, 600, 800), np.float32)}
    task = select_task(outputs, TaskOptions())
    assert "one in 2 rows and columns of depth is served" in task.notes[1]
    found = task({"depth": tf.constant(outputs["depth"])}, tf.constant([600, 800]))
    assert found[DENSE_MAP].shape == (1, 300, 400)


def test_a_model_is_described(tmp_path: Path) -> None:
    folder = saved(tmp_path, lambda image: {"depth": image[..., :1] * 3})
    found = converted(folder, TaskOptions(unit="m"))
    values = answers(found, RED, BLUE)[DENSE_MAP]
    assert values.shape == (2, 16, 16)
    assert (values[0].min(), values[1].max()) == (3, 0)
    fields = json.loads(describe("depth", found))
    assert (fields["task"], fields["unit"]) == ("map", "m")
    assert "because of its name" in notes(found)
