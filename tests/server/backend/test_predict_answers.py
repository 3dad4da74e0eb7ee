"""Outputs of every task as answers, and outputs that cannot be."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend import answers
from server.backend.contract import ClassificationOutputs, DetectionOutputs, TensorOutputs
from server.backend.labels import Labels
from server.backend.pixels import WHOLE, Placement
from server.core.answers import Classification, Detections, Tensor, Tensors
from server.core.errors import ModelFailed
from tests.server.backend.puppet_server import tensor

DETECTOR = DetectionOutputs("b", "s", "c", "n", 0)
CLASSIFIER = ClassificationOutputs("s", None, False, 0, Labels())


def split(outputs: Any, found: Mapping[str, Any], rows: int, **more: Any) -> Any:
    sent = {name: tensor(values) for name, values in found.items()}
    return [short(answer) for answer in answers.split(outputs, sent, rows, **more)]


def short(answer: Any) -> Any:
    """As people write the numbers that went in: 0.1 is another number as a float32."""
    rounded = {
        name: np.round(getattr(answer, name), 5).tolist()
        for name in ("boxes", "scores")
        if hasattr(answer, name)
    }
    return answer._replace(**rounded) if rounded else answer


def detect(boxes: Any, scores: Any, classes: Any, counts: Any = None, **more: Any) -> Any:
    outputs = dataclasses.replace(DETECTOR, **more.pop("outputs", {}))
    found = {
        "b": np.array(boxes, np.float32),
        "s": np.array(scores, np.float32),
        "c": np.array(classes),
    }
    if counts is None:
        outputs = dataclasses.replace(outputs, count=None)
    else:
        found["n"] = np.array(counts)
    return split(outputs, found, len(scores), **more)


def classify(scores: Any, classes: Any = None, **more: Any) -> Any:
    outputs = dataclasses.replace(CLASSIFIER, **more)
    found = {"s": np.array(scores, np.float32)}
    if classes is not None:
        outputs = dataclasses.replace(outputs, classes="c")
        found["c"] = classes
    return split(outputs, found, len(scores))


# Detection

A, B, C = [0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.0, 0.0, 1.0, 1.0]
A_TURNED, B_TURNED, C_TURNED = [0.2, 0.1, 0.4, 0.3], [0.6, 0.5, 0.8, 0.7], C


def test_boxes_are_turned_round_and_cut_to_their_number() -> None:
    answers = detect([[A, B, C], [B, C, A]], [[0.9, 0.5, 0], [0.8, 0, 0]], [[3, 1, 0]] * 2, [2, 1])
    assert answers == [
        Detections([A_TURNED, B_TURNED], [0.9, 0.5], [3, 1]),
        Detections([B_TURNED], [0.8], [3]),
    ]


def test_numbers_are_plain() -> None:
    sent = {"b": tensor([[A]]), "s": tensor([[0.9]]), "c": tensor([[1.0]]), "n": tensor([1.0])}
    [answer] = answers.split(DETECTOR, sent, 1)
    assert isinstance(answer, Detections)
    assert type(answer.classes[0]) is int
    assert type(answer.scores[0]) is type(answer.boxes[0][0]) is float


def test_best_come_first_even_if_the_model_does_not_sort() -> None:
    [answer] = detect([[A, B, C]], [[0.2, 0.9, 0.5]], [[1, 2, 3]], [3])
    assert answer == Detections([B_TURNED, C_TURNED, A_TURNED], [0.9, 0.5, 0.2], [2, 3, 1])
    # What lies beyond the number does not take part, however good it looks.
    [answer] = detect([[A, B, C]], [[0.2, 0.9, 0.95]], [[1, 2, 3]], [2])
    assert answer.classes == [2, 1]


def test_zoo_classes_count_from_one_and_come_as_floats() -> None:
    zoo = {"first_class": 1}
    [answer] = detect([[A]], [[0.9]], np.array([[17.0]], np.float32), [1.0], outputs=zoo)
    assert answer.classes == [16]


def test_padding_may_have_any_class() -> None:
    [answer] = detect([[A, A]], [[0.9, 0.0]], np.array([[3.0, 1e30]], np.float32))
    assert answer.classes == [3, -1]


def test_boxes_are_clipped_to_the_frame() -> None:
    [answer] = detect([[[-0.5, 0.25, 1.5, 2.0]]], [[0.9]], [[0]])
    assert answer.boxes == [[0.25, 0.0, 1.0, 1.0]]


def test_letterboxed_boxes_are_of_the_frame_again() -> None:
    wide = Placement(0.0, 0.25, 1.0, 0.5)
    boxes = [[[0.25, 0.0, 0.75, 1.0]], [[0.25, 0.5, 0.5, 1.0]], [[0.0, 0.0, 0.5, 0.5]]]
    answers = detect(boxes, [[0.9]] * 3, [[0]] * 3, placements=[wide, wide, WHOLE])
    assert [answer.boxes[0] for answer in answers] == [
        [0.0, 0.0, 1.0, 1.0],
        [0.5, 0.0, 1.0, 0.5],
        [0.0, 0.0, 0.5, 0.5],
    ]


@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_is_left_out() -> None:
    nan, inf = float("nan"), float("inf")
    boxes = [[A, [nan] * 4, B, C, [inf, -inf, 0, 0]]]
    [answer] = detect(boxes, [[0.9, 0.8, nan, 0.5, 0.4]], np.array([[0, 1, 2, 3, nan]]))
    assert answer == Detections([A_TURNED, C_TURNED], [0.9, 0.5], [0, 3])


@pytest.mark.parametrize("counts", [[0], [-3], [float("nan")]])
def test_no_detections(counts: list[float]) -> None:
    assert detect([[A]], [[0.9]], [[0]], counts) == [Detections([], [], [])]


def test_number_beyond_the_rows_means_all() -> None:
    assert detect([[A]], [[0.9]], [[0]], [100])[0].scores == [0.9]


@pytest.mark.parametrize(
    ("boxes", "scores", "classes", "counts"),
    [
        ([[A]], [[0.9, 0.8]], [[0, 0]], [1]),
        ([[A]], [[0.9]], [0], [1]),
        ([A], [0.9], [0], [1]),
        ([[A]], [[0.9]], np.array([[b"x"]], object), [1]),
        ([[A]], [[0.9]], [[0]], [[1, 1]]),
        ([[A], [A]], [[0.9]], [[0]], [1]),
        ([[A]], [[0.9]], [[0]], [1, 1]),
    ],
)
def test_shapes_that_do_not_belong_together_fail(
    boxes: Any, scores: Any, classes: Any, counts: Any
) -> None:
    with pytest.raises(ModelFailed):
        detect(boxes, scores, classes, counts)


def test_missing_output_fails_by_name() -> None:
    with pytest.raises(ModelFailed, match="did not return the output 'c'"):
        split(DETECTOR, {"b": np.zeros((1, 1, 4)), "s": np.zeros((1, 1))}, 1)


_UNIT = st.floats(-2, 2, width=32) | st.sampled_from([float("nan"), float("inf")])


@given(st.data(), st.integers(1, 3), st.integers(0, 6))
def test_every_answer_is_sorted_and_inside_the_frame(data: Any, rows: int, columns: int) -> None:
    def numbers(*shape: int) -> np.ndarray[Any, Any]:
        count = int(np.prod(shape))
        values = data.draw(st.lists(_UNIT, min_size=count, max_size=count))
        return np.array(values, np.float32).reshape(shape)

    counts = data.draw(st.lists(st.integers(-1, 8), min_size=rows, max_size=rows))
    scores = numbers(rows, columns)
    answers = detect(numbers(rows, columns, 4), scores, np.zeros((rows, columns), int), counts)
    for answer, row, count in zip(answers, scores, counts, strict=True):
        valid = row[: max(0, min(count, columns))]
        assert len(answer.scores) == len(answer.boxes) == len(answer.classes) <= len(valid)
        assert list(answer.scores) == sorted(answer.scores, reverse=True)
        assert all(0 <= side <= 1 for box in answer.boxes for side in box)


# Classification


def test_column_is_the_class() -> None:
    assert classify([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]]) == [
        Classification([1, 2, 0], [0.7, 0.2, 0.1]),
        Classification([0, 2, 1], [0.5, 0.3, 0.2]),
    ]


def test_logits_become_probabilities() -> None:
    [answer] = classify([[0.0, np.log(3.0)]], logits=True)
    assert answer == Classification([1, 0], [0.75, 0.25])
    [answer] = classify([[1000.0, 0.0]], logits=True)
    assert answer.scores == [1.0, 0.0]
    [answer] = classify([[0.0]], logits=True)
    assert answer.scores == [0.5]


def test_logits_of_labels_that_do_not_exclude_one_another() -> None:
    [answer] = classify([[0.0, np.log(3.0), -np.inf]], logits=True, multi_label=True)
    assert answer == Classification([1, 0, 2], [0.75, 0.5, 0.0])


def test_given_numbers_are_the_classes() -> None:
    [answer] = classify([[0.2, 0.8]], np.array([[7, 9]]), first_class=1)
    assert answer == Classification([8, 6], [0.8, 0.2])
    [answer] = classify([[0.2, 0.8]], np.array([[7.0, 9.0]], np.float32))
    assert answer.classes == [9, 7]


def test_best_class_alone_adds_nothing() -> None:
    assert classify([[0.2, 0.8]], np.array([1]))[0].classes == [1, 0]


def test_given_names_are_looked_up_and_learnt() -> None:
    labels = Labels(["cat", "dog"])
    names = np.array([[b"dog", b"newt"], [b"newt", b"cat"]], object)
    answers = classify([[0.9, 0.1], [0.9, 0.1]], names, labels=labels)
    assert [answer.classes for answer in answers] == [[1, 2], [2, 0]]
    assert labels.names == ("cat", "dog", "newt")


def test_only_the_best_hundred_of_many() -> None:
    scores = np.random.default_rng(0).permutation(20_000) / 20_000
    [answer] = classify([scores])
    assert answer.classes == np.argsort(-scores)[:100].tolist()
    assert len(answer.scores) == 100


@pytest.mark.filterwarnings("error")
def test_scores_that_are_not_finite_are_left_out() -> None:
    assert classify([[float("nan"), 0.5, float("inf")]]) == [Classification([1], [0.5])]
    assert classify([[float("nan"), 0.5]], logits=True) == [Classification([], [])]
    assert classify([[float("inf"), 0.5]], logits=True) == [Classification([], [])]


def test_scores_of_another_rank_fail() -> None:
    with pytest.raises(ModelFailed, match=r"not \[N,C\]"):
        classify([0.5, 0.2])
    with pytest.raises(ModelFailed, match=r"has shape \[1, 0\], not \[N,C\]"):
        classify([[]])


# Raw tensors


def test_raw_outputs_are_cut_by_row() -> None:
    found = {
        "embedding": np.array([[1, 2], [3, 4]], np.float32),
        "count": np.array([5, 6], np.int64),
        "name": np.array([b"caf\xc3\xa9", b"\xff"], object),
        "words": np.array([[b"a", b"b"], [b"c", b"d"]], object),
        "epoch": np.array(9, np.int64),
    }
    first, second = split(TensorOutputs(frozenset({"epoch"})), found, 2)
    assert first == Tensors(
        {
            "embedding": Tensor("float32", (2,), np.array([1, 2], "<f4").tobytes()),
            "count": Tensor("int64", (), np.array(5, "<i8").tobytes()),
            "name": Tensor("string", (), ["café"]),
            "words": Tensor("string", (2,), ["a", "b"]),
            "epoch": Tensor("int64", (), np.array(9, "<i8").tobytes()),
        }
    )
    assert isinstance(second, Tensors)
    assert second.outputs["name"].data == ["\ufffd"]
    assert second.outputs["embedding"].data == np.array([3, 4], "<f4").tobytes()


@pytest.mark.parametrize("shape", [(), (3,), (1, 2)])
def test_raw_output_of_another_batch_fails(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelFailed, match=r"'x' has shape .* for a batch of 2"):
        split(TensorOutputs(frozenset()), {"x": np.zeros(shape)}, 2)


def test_labels_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.backend.labels.MAX_LABELS", 2)
    labels = Labels(["a"])
    assert labels.index(b"b") == 1
    with pytest.raises(ModelFailed, match="class names"):
        labels.index(b"c")
    assert labels.index(b"a") == 0
