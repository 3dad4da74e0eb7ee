"""Convert a source's outputs: box orders and units, suppression, kinds of scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export.errors import SourceError
from export.serving import labels
from export.tasks.boxes import standard
from export.tasks.selection import select_task
from export.tasks.suppression import Suppression
from export.tasks.task import Task, TaskOptions

BOX = (0.1, 0.2, 0.5, 0.8)  # ymin, xmin, ymax, xmax
SIZE = tf.constant([100, 200])


@pytest.mark.parametrize(
    ("order", "units", "given"),
    [
        ("yxyx", "normalized", BOX),
        ("xyxy", "normalized", (0.2, 0.1, 0.8, 0.5)),
        ("cxcywh", "normalized", (0.5, 0.3, 0.6, 0.4)),
        ("yxyx", "pixels", (10, 40, 50, 160)),
        ("xyxy", "pixels", (40, 10, 160, 50)),
        ("cxcywh", "pixels", (100, 30, 120, 40)),
    ],
)
def test_boxes_in_any_order_and_unit(order: str, units: str, given: tuple[float, ...]) -> None:
    found = standard(tf.constant([[given]], tf.float32), order, units, SIZE).numpy()
    assert found[0, 0] == pytest.approx(BOX, abs=1e-6)


def run(task: Task, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = task({name: tf.constant(value) for name, value in outputs.items()}, SIZE)
    return {name: value.numpy() for name, value in found.items()}


# Two on one spot, one beside them; two classes.
RAW = np.array([[BOX, (0.1, 0.2, 0.5, 0.79), (0.6, 0.0, 0.9, 0.1)]], np.float32)
SCORES = np.array([[[0.9, 0.3], [0.8, 0.6], [0.01, 0.7]]], np.float32)


def test_overlapping_boxes_of_a_class_are_suppressed() -> None:
    task = select_task(
        {"boxes": RAW, "scores": SCORES}, TaskOptions(suppress=True, min_score=0.2, max_boxes=5)
    )
    assert (task.name, task.classes, task.first_class) == ("detection", 2, 0)
    found = run(task, {"boxes": RAW, "scores": SCORES})
    assert found["num_detections"].tolist() == [3]
    assert found["detection_scores"][0] == pytest.approx([0.9, 0.7, 0.6, 0, 0])
    assert found["detection_classes"][0].tolist() == [0, 1, 1, 0, 0]
    assert found["detection_boxes"].shape == (1, 5, 4)
    assert found["detection_boxes"][0, 0] == pytest.approx(BOX)


def test_the_models_own_classes_are_kept() -> None:
    outputs = {
        "detection_boxes": RAW,
        "detection_scores": SCORES[..., 0],
        "detection_classes": np.array([[4.0, 5.0, 4.0]], np.float32),
    }
    task = select_task(outputs, TaskOptions(suppress=True, first_class=4, max_boxes=3))
    found = run(task, outputs)
    assert found["detection_classes"][0].tolist() == [4, 5, 0]  # others are pushed out by none
    assert task.first_class == 4


def test_a_detector_without_the_dimension_of_the_batch() -> None:
    outputs = {
        "detection_boxes": RAW[0],
        "detection_scores": SCORES[0, :, 0],
        "detection_classes": np.array([4, 5, 4]),
    }
    found = run(select_task(outputs, TaskOptions()), outputs)
    assert {name: value.shape for name, value in found.items()} == {
        "detection_boxes": (1, 3, 4),
        "detection_scores": (1, 3),
        "detection_classes": (1, 3),
        "num_detections": (1,),
    }


def test_the_best_class_and_its_score() -> None:
    outputs = {"scores": np.array([0.9, 0.8], np.float32), "classes": np.array([3, 1])}
    found = run(select_task(outputs, TaskOptions()), outputs)
    assert {name: value.tolist() for name, value in found.items()} == {
        "scores": [[pytest.approx(0.9)], [pytest.approx(0.8)]],
        "classes": [[3], [1]],
    }


def test_a_mask_of_truth_values() -> None:
    outputs = {"mask": np.array([[[True, False], [False, True]]])}
    found = run(select_task(outputs, TaskOptions("segmentation")), outputs)
    assert found["class_map"].tolist() == [[[1, 0], [0, 1]]]


def test_suppression_by_class_agrees_with_tensorflow() -> None:
    random = np.random.default_rng(3)
    corner, size = random.uniform(0, 0.6, (2, 40, 2)), random.uniform(0.1, 0.4, (2, 40, 2))
    boxes = np.concatenate([corner, corner + size], axis=-1).astype(np.float32)
    scores = random.uniform(0, 1, (2, 40, 3)).astype(np.float32)
    found = Suppression(0.4, 0.3, 30)(tf.constant(boxes), tf.constant(scores), None)
    wanted = tf.image.combined_non_max_suppression(
        boxes[:, :, None], scores, 40, 30, 0.4, 0.3, clip_boxes=False
    )
    assert found["num_detections"].numpy().tolist() == wanted.valid_detections.numpy().tolist()
    assert np.allclose(found["detection_scores"], wanted.nmsed_scores)
    assert np.allclose(found["detection_boxes"], wanted.nmsed_boxes)
    assert (found["detection_classes"].numpy() == wanted.nmsed_classes.numpy()).all()


def test_the_background_is_not_a_class() -> None:
    logits = np.log(np.array([[[0.1, 0.9, 1e-9], [0.9, 0.05, 0.05]]], np.float32))
    outputs = {"boxes": RAW[:, :2], "scores": logits}
    wish = TaskOptions(suppress=True, activation="softmax", background=True, min_score=0.5)
    task = select_task(outputs, wish)
    assert task.classes == 2
    found = run(task, outputs)
    assert found["num_detections"].tolist() == [1]
    assert found["detection_classes"][0, 0] == 0
    assert found["detection_scores"][0, 0] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([[0.2, 0.8], [0.5, 0.5]], "probabilities"),
        ([[0.2, 0.9], [0.5, 0.5]], "scores"),
        ([[-3.0, 4.0], [1.0, 2.0]], "logits"),
    ],
)
def test_the_kind_of_scores_is_inferred_from_their_values(
    values: list[list[float]], name: str
) -> None:
    outputs = {"dense_3": np.array(values, np.float32)}
    task = select_task(outputs, TaskOptions())
    assert task.name == "classification"
    assert list(run(task, outputs)) == [name]
    assert name in task.notes[0]


def test_the_name_of_an_output_overrides_its_values() -> None:
    task = select_task({"logits": np.array([[0.5, 0.5]], np.float32)}, TaskOptions())
    assert list(run(task, {"logits": np.array([[0.5, 0.5]], np.float32)})) == ["logits"]


@pytest.mark.parametrize(
    ("values", "activation", "served"),
    [
        ([[0.2, 0.9]], "none", [[0.2, 0.9]]),
        ([[0.0, np.log(3.0)]], "none", [[0.5, 0.75]]),
        ([[0.0, 0.0]], "sigmoid", [[0.5, 0.5]]),
    ],
)
def test_several_labels(
    values: list[list[float]], activation: str, served: list[list[float]]
) -> None:
    outputs = {"dense": np.array(values, np.float32)}
    task = select_task(outputs, TaskOptions(activation=activation, multi_label=True))
    assert task.details == {"multi_label": True}
    [(name, found)] = run(task, outputs).items()
    assert name == "scores"
    assert found == pytest.approx(np.array(served))
    assert ("a sigmoid is applied" in str(task.notes)) == (served == [[0.5, 0.75]])


def test_several_labels_are_suggested() -> None:
    outputs = {"dense": np.array([[0.2, 0.9]], np.float32)}
    assert "add --multi-label" in select_task(outputs, TaskOptions()).notes[0]
    with pytest.raises(SourceError, match="use --activation sigmoid"):
        select_task(outputs, TaskOptions(activation="softmax", multi_label=True))


def test_other_outputs_are_passed_on() -> None:
    outputs = {"mask": np.zeros((1, 4, 4, 2), np.float32), "embedding": np.zeros((1, 7, 3))}
    task = select_task(outputs, TaskOptions())
    assert task.name == "tensors"
    assert set(run(task, outputs)) == {"mask", "embedding"}
    with pytest.raises(SourceError, match="--nms is only for detectors"):
        select_task(outputs, TaskOptions("tensors", suppress=True))


def test_labels_in_a_file(tmp_path: Path) -> None:
    lines, listed, mapped = (tmp_path / name for name in ("a.txt", "b.json", "c.pbtxt"))
    lines.write_text("cat\n\nhot dog\n", "utf-8")
    listed.write_text(json.dumps(["cat", "猫"]), "utf-8")
    mapped.write_text(
        "item { name: '/m/01', id: 1 display_name: 'person' }\nitem {\n id: 3\n name: \"car\"\n}"
    )
    assert labels.read(lines).names == ("cat", "", "hot dog")
    assert labels.read(listed).names == ("cat", "猫")
    assert labels.read(mapped).names == ("person", "", "car")
    exported = tmp_path / "metadata.yaml"
    for text in (
        "task: detect\nnames:\n  0: person\n  1: 'hot dog'\nstride: 32\n",
        "names:\n- person\n- hot dog\nstride: 32\n",
        "nc: 2\nnames: [person, 'hot dog']\n",
        "names:\n  1: hot dog # not an animal\n  0: person\n",
    ):
        exported.write_text(text)
        assert labels.read(exported) == labels.Labels(("person", "hot dog"))
    exported.write_text("names: [no, 1e3]\n")
    assert labels.read(exported).names == ("no", "1e3")
    exported.write_text("nc: 2\n")
    with pytest.raises(SourceError, match="has no names"):
        labels.read(exported)
    for text, message in (("{", "is not JSON"), ("[1]", "a JSON list of strings")):
        listed.write_text(text)
        with pytest.raises(SourceError, match=message):
            labels.read(listed)
    lines.write_text("cat\n", "utf-16")
    assert labels.read(lines).names == ("cat",)
    for data, message in ((b"\xff", r"a.txt: it is not UTF-8 text \(byte 1\)"), (b"", "is empty")):
        lines.write_bytes(data)
        with pytest.raises(SourceError, match=message):
            labels.read(lines)


def test_the_keypoints_of_ultralytics(tmp_path: Path) -> None:
    file = tmp_path / "metadata.yaml"
    names = ("nose", "left_eye", "tail")
    listed = "".join(f"  - {name}\n" for name in names)
    file.write_text(f"names: {{0: cat, 1: dog}}\nkpt_shape:\n- 3\n- 2\nkpt_names:\n  0:\n{listed}")
    read = labels.read(file)
    assert read == labels.Labels(("cat", "dog"), names, (3, 2))
    assert (read.of("keypoints"), read.of("detection")) == (names, ("cat", "dog"))
    file.write_text("names: [cat]\nkpt_shape: [3, 3]\nkpt_names: {0: ['0', '1', '2']}\n")
    assert labels.read(file) == labels.Labels(("cat",), (), (3, 3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [", "is not YAML: .* line 1, column 9"),
        ("names: [[a]]", "names must be strings"),
        ("names: cat", "names must be a list"),
        ("names: {1: cat}", "names must have the numbers 0 to 0"),
        ("names: [a]\nkpt_shape: 17", "kpt_shape must be the number of keypoints, then 2 or 3"),
        ("names: [a]\nkpt_shape: [17, 4]", "kpt_shape must be the number"),
        ("names: [a]\nkpt_shape: [2, 3]\nkpt_names: [[a]]", "are 1, but kpt_shape says 2"),
        ("names: [a]\nkpt_shape: [1, 3]\nkpt_names: [[a], [b]]", "differ from class to class"),
    ],
)
def test_what_ultralytics_would_not_write(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "metadata.yaml"
    file.write_text(text)
    with pytest.raises(SourceError, match=f"metadata.yaml.*{message}"):
        labels.read(file)
