"""Models whose answer is a vector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import EMBEDDING
from export.errors import SourceError
from export.serving.description import describe
from export.tasks.selection import select_task
from export.tasks.task import TaskOptions
from tests.export.opened import BLUE, RED, answers, converted, notes
from tests.export.test_served_outputs import saved

ASKED = TaskOptions("embedding")
VECTORS = np.ones((2, 8), np.float32)


@pytest.mark.parametrize(
    ("outputs", "options", "task"),
    [
        ({"embedding": VECTORS}, TaskOptions(), "embedding"),
        ({"FeatureVector": VECTORS.reshape(2, 1, 1, 8)}, TaskOptions(), "embedding"),
        ({"output_0": VECTORS}, ASKED, "embedding"),
        ({"output_0": VECTORS}, TaskOptions(), "classification"),
        ({"embedding": VECTORS}, TaskOptions("classification"), "classification"),
        ({"embedding": VECTORS, "scores": VECTORS}, TaskOptions(), "classification"),
        ({"embedding": VECTORS, "output_0": VECTORS}, TaskOptions(), "tensors"),
        ({"embedding": VECTORS, "output_0": VECTORS}, ASKED, "embedding"),
    ],
)
def test_what_is_read_as_an_embedding(
    outputs: dict[str, Any], options: TaskOptions, task: str
) -> None:
    found = select_task(outputs, options)
    assert found.name == task
    if task == "embedding":
        values = {name: tf.constant(value) for name, value in outputs.items()}
        assert found(values, tf.constant([8, 8]))[EMBEDDING].shape == (2, 8)
        assert bool(found.notes) == (options.task is None)


def test_what_is_asked_for_must_be_there() -> None:
    with pytest.raises(SourceError, match=r"one output \[N,D\].*map \[2, 4, 4\]"):
        select_task({"map": np.zeros((2, 4, 4), np.float32)}, ASKED)
    with pytest.raises(SourceError, match="4097 values; an embedding may have 4096"):
        select_task({"embedding": np.zeros((2, 4097), np.float32)}, ASKED)


def test_a_model_is_described(tmp_path: Path) -> None:
    folder = saved(tmp_path, lambda image: {"embedding": 2 * tf.reduce_mean(image, [1, 2])})
    found = converted(folder)
    assert answers(found, RED, BLUE)[EMBEDDING].tolist() == [[2, 0, 0], [0, 0, 2]]
    normalized = converted(folder, TaskOptions(normalize=True))
    assert answers(normalized, RED, BLUE)[EMBEDDING].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert json.loads(describe("vectors", found))["task"] == "embedding"
    assert "no labels" not in notes(found)
