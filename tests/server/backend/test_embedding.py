"""Vectors of frames, and outputs that hold none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from server.backend import answers
from server.backend.contract import EmbeddingOutputs
from server.core.answers import Embedding
from server.core.errors import ModelFailed, UnusableModel
from tests.server.backend.puppet_server import FLOAT, STRING, Spec, tensor
from tests.server.backend.test_selection import BYTES, chosen, only, signature

OUTPUTS = EmbeddingOutputs("embedding")


def embed(vectors: Any) -> Any:
    sent = {"embedding": tensor(np.array(vectors, np.float32))}
    return answers.split(OUTPUTS, sent, len(vectors))


def test_each_frame_gets_its_vector() -> None:
    assert embed([[0.5, -2.0], [0.0, 1.0]]) == [Embedding([0.5, -2.0]), Embedding([0.0, 1.0])]


def test_what_is_not_finite_is_0() -> None:
    assert embed([[float("nan"), float("inf"), -float("inf"), 1]]) == [Embedding([0, 0, 0, 1])]


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        (np.zeros((2, 1, 3)), r"\[2, 1, 3\], not \[N,D\]"),
        (np.zeros((1, 4097)), r"\[1, 4097\], not \[N,D\] with at most 4096"),
    ],
)
def test_what_is_no_vector(vectors: Any, words: str) -> None:
    with pytest.raises(ModelFailed, match=words):
        embed(vectors)


def test_only_a_description_makes_an_embedding() -> None:
    vectors = signature(BYTES, {"embedding": (FLOAT, (-1, 64))})
    assert only(vectors).outputs.task == "tensors"
    assert only(vectors, task="embedding").outputs == OUTPUTS
    keras = signature(BYTES, {"dense_1": (FLOAT, (-1, 64))})
    assert only(keras, task="embedding").outputs == EmbeddingOutputs("dense_1")


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"a": (FLOAT, (-1, 2)), "b": (FLOAT, (-1,))}, "must return 'embedding', not a, b"),
        ({"embedding": (FLOAT, (-1, 8, 8))}, r"it must be \[N,D\]"),
        ({"embedding": (STRING, (-1, 8))}, "must have numbers"),
    ],
)
def test_contradictions(outputs: dict[str, Spec], words: str) -> None:
    with pytest.raises(UnusableModel, match=words):
        chosen(signature(BYTES, outputs), task="embedding")
