"""What a source returns is served, or a note says that it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import BOXES, CLASSES, CORNERS, COUNT, KEYPOINTS, MASKS, SCORES
from export.errors import ContractError, SourceError
from export.serving.decoding import Canvas
from export.serving.signatures import relative_to_images
from export.tasks.selection import not_served, select_task
from export.tasks.task import TaskOptions
from export.verification.comparison import compare
from tests.export.opened import BLUE, GREEN, RED, answers, converted, notes

SIZE = tf.constant([100, 200])
Outputs = dict[str, np.ndarray]


def ranking(classes: Any) -> Any:
    """Return a model that gives its three best of ten classes: red is 0, green 1, blue 2."""

    def model(image: Any) -> Any:
        mean = tf.reduce_mean(image, [1, 2])
        probabilities = tf.nn.softmax(tf.pad(mean, [[0, 0], [0, 7]]) * 5)
        scores, indices = tf.nn.top_k(probabilities, 3)
        return classes(scores, indices)

    return model


def named(scores: Any, indices: Any) -> Any:
    return {"scores": scores, "classes": indices}


def as_floats(scores: Any, indices: Any) -> Any:
    return {"top_values": scores, "top_indices": tf.cast(indices, tf.float32)}


def as_text(scores: Any, indices: Any) -> Any:
    return {"scores": scores, "classes": tf.strings.as_string(indices)}


def not_sorted(scores: Any, indices: Any) -> Any:
    return {"scores": scores[:, ::-1], "indices": indices[:, ::-1]}


def unnamed(scores: Any, indices: Any) -> Any:
    return {"output_0": scores, "output_1": indices}


def beside_logits(scores: Any, indices: Any) -> Any:
    return {"scores": scores, "class_ids": indices, "embedding": tf.zeros([tf.shape(scores)[0], 5])}


def from_one(scores: Any, indices: Any) -> Any:
    return {"scores": scores, "classes": tf.cast(indices, tf.int64) + 1}


def saved(folder: Path, model: Any) -> Path:
    module = tf.Module()
    spec = tf.TensorSpec([None, 16, 16, 3], tf.float32, "image")
    module.call = tf.function(model, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures=module.call)
    return folder


@pytest.mark.parametrize(
    ("classes", "first"),
    [(named, 0), (as_floats, 0), (as_text, 0), (unnamed, 0), (beside_logits, 0), (from_one, 1)],
)
def test_a_ranking_keeps_the_class_of_each_score(tmp_path: Path, classes: Any, first: int) -> None:
    found = converted(saved(tmp_path, ranking(classes)), TaskOptions(first_class=first))
    assert (found.task.name, found.task.classes) == ("classification", None)
    values = answers(found, RED, GREEN, BLUE)
    assert [int(row[0]) - first for row in values["classes"]] == [0, 1, 2]
    assert "embedding" not in values
    assert ("embedding" in notes(found)) == (classes is beside_logits)


def test_classes_of_scores_in_another_order_are_kept(tmp_path: Path) -> None:
    found = converted(saved(tmp_path, ranking(not_sorted)))
    values = answers(found, RED, GREEN, BLUE)
    assert [int(row[-1]) for row in values["classes"]] == [0, 1, 2]


def test_a_single_score_may_have_a_class() -> None:
    best = {"score": SCORED[:, :1], "label": np.array([[2], [0]])}
    with pytest.raises(SourceError, match="--outputs scores=score,classes=label, or leave label"):
        select_task(best, TaskOptions())
    task = select_task({"scores": best["score"], "classes": best["label"]}, TaskOptions())
    assert set(task.reads()) == {"scores", "classes"}


def test_a_ranking_whose_classes_are_left_out_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path, ranking(named))
    with pytest.raises(SourceError, match="--outputs leaves out its classes: classes"):
        converted(folder, outputs={"scores": "scores"})


def test_outputs_that_were_not_asked_for_are_named(tmp_path: Path) -> None:
    folder = saved(tmp_path, lambda image: {"a": image[:, 0, 0], "b": image[:, 0], "c": image})
    assert "left out by --outputs: b, c" in notes(converted(folder, outputs={"scores": "a"}))


SCORED = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]], np.float32)


@pytest.mark.parametrize(
    ("outputs", "served"),
    [
        ({"scores": SCORED, "classes": np.array([[3, 1, 2], [9, 8, 7]])}, ["scores", "classes"]),
        ({"probabilities": SCORED[:, ::-1], "class_ids": np.array([[0], [0]])}, ["probabilities"]),
        ({"probabilities": SCORED[:, ::-1], "ids": np.array([[0, 1, 2]] * 2)}, ["probabilities"]),
        ({"logits": SCORED, "probabilities": SCORED}, ["probabilities"]),
        ({"scores": SCORED, "classes": np.array([["a", "b", "c"]] * 2)}, ["scores", "classes"]),
    ],
)
def test_what_a_classifier_serves(outputs: Outputs, served: list[str]) -> None:
    task = select_task(outputs, TaskOptions())
    found = task({name: tf.constant(value) for name, value in outputs.items()}, SIZE)
    assert list(found) == served
    assert set(not_served(task, outputs)) == set(outputs) - set(task.reads())


def test_scores_that_look_like_a_ranking_are_doubted() -> None:
    task = select_task({"scores": SCORED}, TaskOptions())
    assert "if it is a ranking, name its classes" in task.notes[0]


def test_two_outputs_that_could_be_the_classes() -> None:
    both = {"scores": SCORED, "a_ids": SCORED.astype(int), "b_ids": SCORED.astype(int)}
    with pytest.raises(SourceError, match="a_ids and b_ids could be the classes of scores"):
        select_task(both, TaskOptions())


def detections(points: list[float]) -> Outputs:
    return {
        BOXES: np.array([[[0.1, 0.2, 0.5, 0.6], [0, 0, 0, 0]]], np.float32),
        SCORES: np.array([[0.9, 0.0]], np.float32),
        CLASSES: np.array([[1, 1]], np.float32),
        COUNT: np.array([1], np.float32),
        MASKS: np.linspace(0, 1, 18, dtype=np.float32).reshape(1, 2, 3, 3),
        KEYPOINTS: np.array([[[points], [points]]], np.float32),
        "raw_detection_boxes": np.zeros([1, 9, 4], np.float32),
    }


@pytest.mark.parametrize(
    ("order", "units", "points"),
    [
        ("yxyx", "normalized", [0.5, 0.25]),
        ("xyxy", "normalized", [0.25, 0.5]),
        ("yxyx", "pixels", [50, 50]),
        ("cxcywh", "pixels", [50, 50]),
    ],
)
def test_a_detector_keeps_masks_and_keypoints(order: str, units: str, points: list[float]) -> None:
    outputs = detections(points)
    task = select_task(outputs, TaskOptions(order=order, units=units))
    found = task({name: tf.constant(value) for name, value in outputs.items()}, SIZE)
    assert found[KEYPOINTS].numpy()[0, 0, 0] == pytest.approx([0.5, 0.25])
    assert (found[MASKS].numpy() == outputs[MASKS]).all()
    assert not_served(task, outputs) == ["raw_detection_boxes"]


def test_suppression_keeps_what_belongs_to_boxes() -> None:
    outputs = detections([0.5, 0.25])
    task = select_task(outputs, TaskOptions(suppress=True))
    assert not_served(task, outputs) == ["raw_detection_boxes"]


def test_keypoints_are_relative_to_the_image_and_not_to_its_bars() -> None:
    canvas = Canvas(100, 100, letterbox=True)
    placements = tf.constant([[0.25, 0.0, 0.5, 1.0]])  # bars above and below
    outputs = {
        BOXES: tf.constant([[[0.25, 0.0, 0.5, 1.0]]]),
        KEYPOINTS: tf.constant([[[[0.5, 0.25]]]]),
        CORNERS: tf.constant([[[[0.5, 0.25], [0.25, 0.0], [0.125, 0.5], [0.75, 1.5]]]]),
    }
    found = relative_to_images(outputs, canvas, placements)
    assert found[BOXES].numpy().tolist() == [[[0, 0, 0.5, 1]]]
    assert found[KEYPOINTS].numpy().tolist() == [[[[0.5, 0.25]]]]
    assert found[CORNERS].numpy().tolist() == [[[[0.5, 0.25], [0, 0], [-0.25, 0.5], [1, 1.5]]]]


def rows(**changes: Any) -> list[Outputs]:
    return [{name: value[0] for name, value in {**detections([0.5, 0.25]), **changes}.items()}]


ROTATED = [rows(**{CORNERS: np.full([1, 2, 4, 2], value)}) for value in (0.0, 1.0)]
RANKING = {"scores": np.array([0.5, 0.3, 0.2995]), "classes": np.array([4, 7, 2])}


@pytest.mark.parametrize(
    ("actual", "expected", "agrees"),
    [
        (rows(), rows(), True),
        (rows(**{MASKS: np.ones([1, 2, 3, 3])}), rows(), False),
        (rows(**{KEYPOINTS: np.zeros([1, 2, 1, 2])}), rows(), False),
        (*ROTATED, False),
        ([RANKING], [RANKING], True),
        ([{**RANKING, "classes": np.array([4, 2, 7])}], [RANKING], True),
        ([{**RANKING, "classes": np.array([0, 1, 2])}], [RANKING], False),
        ([{**RANKING, "classes": np.array([7, 4, 2])}], [RANKING], False),
        ([{**RANKING, "classes": np.array([4, 7, 9])}], [RANKING], True),
        ([{**RANKING, "scores": np.array([0.6, 0.3, 0.3])}], [RANKING], False),
    ],
)
def test_verification_compares_all_that_is_served(
    actual: list[Outputs], expected: list[Outputs], agrees: bool
) -> None:
    if agrees:
        assert compare("served", actual, expected).worst <= 1e-3
        return
    with pytest.raises(ContractError, match="differ from the source's"):
        compare("served", actual, expected)
