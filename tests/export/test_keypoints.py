"""Pose models: which outputs are poses, and what is served of them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.commands.task_options import add_task, task_options
from export.contract import POSE_SCORES, POSES
from export.errors import ContractError, SourceError
from export.serving.conversion import ImageOptions, resolve
from export.serving.decoding import Canvas
from export.serving.description import describe
from export.serving.signatures import relative_to_images
from export.sources.opening import open_source
from export.sources.options import SourceOptions
from export.tasks import coco_person
from export.tasks.selection import select_task
from export.tasks.task import TaskOptions
from export.verification.comparison import compare
from tests.export.opened import PROBES, RED, answers, notes

SIZE = tf.constant([100, 200])
Outputs = dict[str, np.ndarray]


def points(*shape: int) -> np.ndarray:
    return np.full(shape, 0.5, np.float32)


def run(outputs: Outputs, options: TaskOptions) -> Outputs:
    task = select_task(outputs, options)
    found = task({name: tf.constant(value) for name, value in outputs.items()}, SIZE)
    return {name: value.numpy() for name, value in found.items()}


@pytest.mark.parametrize(
    ("outputs", "asked", "shape"),
    [
        ({"output_0": points(2, 1, 17, 3)}, False, (2, 1, 17, 3)),
        ({"output_0": points(2, 17, 3)}, False, (2, 1, 17, 3)),
        ({"output_0": points(2, 6, 56)}, False, (2, 6, 17, 3)),
        ({"hand_landmarks": points(2, 21, 3)}, False, (2, 1, 21, 3)),
        ({"keypoints": points(2, 4, 9, 3), "heat": points(2, 8, 8, 9)}, False, (2, 4, 9, 3)),
        ({"output_0": points(2, 4, 9, 3)}, True, (2, 4, 9, 3)),
    ],
)
def test_what_is_read_as_poses(outputs: Outputs, asked: bool, shape: tuple[int, ...]) -> None:
    task = select_task(outputs, TaskOptions("keypoints" if asked else None))
    assert (task.name, task.classes) == ("keypoints", shape[2])
    assert f"is read as poses of {shape[2]} keypoints (y, x, score), because of" in task.notes[0]
    assert run(outputs, TaskOptions(task.name))[POSES].shape == shape


@pytest.mark.parametrize(
    "outputs",
    [
        {"output_0": points(2, 9, 3)},
        {"styled_image": points(2, 64, 64, 3)},
        {"output_0": points(2, 56, 8400)},
        {"a": points(2, 17, 3), "b": points(2, 17, 3)},
        {"keypoints": np.ones((2, 1, 17, 3), np.int32)},
    ],
)
def test_what_is_not(outputs: Outputs) -> None:
    assert select_task(outputs, TaskOptions()).name == "tensors"


def test_what_is_asked_for_must_be_there() -> None:
    with pytest.raises(SourceError, match=r"\[N,P,K,3\].*table \[2, 4, 9\]"):
        select_task({"table": points(2, 4, 9)}, TaskOptions("keypoints"))
    with pytest.raises(SourceError, match="use --activation sigmoid"):
        select_task({"pose": points(2, 9, 3)}, TaskOptions(activation="softmax"))


@pytest.mark.parametrize(
    ("outputs", "options", "count"),
    [
        ({"keypoints_pred": points(2, 9, 2)}, TaskOptions(), 9),
        ({"heatmaps": points(2, 4, 4), "keypoints_pred": points(2, 3, 2)}, TaskOptions(), 3),
        ({"output_0": points(2, 9, 2)}, TaskOptions("keypoints"), 9),
        ({"dense_1": points(2, 136)}, TaskOptions("keypoints"), 68),
        ({"dense_1": points(2, 136)}, TaskOptions("keypoints", activation="sigmoid"), 68),
    ],
)
def test_points_without_scores_are_certain(
    outputs: Outputs, options: TaskOptions, count: int
) -> None:
    task = select_task(outputs, options)
    assert (task.name, task.classes) == ("keypoints", count)
    assert "(y, x, without scores)" in task.notes[0]
    found = run(outputs, options)[POSES]
    assert found.shape == (2, 1, count, 3)
    assert found[..., :2].reshape(2, -1) == pytest.approx(list(outputs.values())[-1].reshape(2, -1))
    assert (found[..., 2] == 1).all()


@pytest.mark.parametrize(
    "outputs",
    [{"output_0": points(2, 17, 2)}, {"pose": points(2, 34)}],
)
def test_what_could_be_points_without_scores_is_not_taken_for_them(outputs: Outputs) -> None:
    assert select_task(outputs, TaskOptions()).name != "keypoints"


def heat(*peaks: tuple[float, float]) -> np.ndarray:
    """Bells around points (y, x) in 0..1, whose height is 0.8: ``[1, 32, 16, K]``."""
    y, x = (np.arange(32)[:, None] + 0.5) / 32, (np.arange(16)[None] + 0.5) / 16
    maps = [0.8 * np.exp(-100 * ((y - py) ** 2 + (x - px) ** 2)) for py, px in peaks]
    return np.stack(maps, axis=-1)[None].astype(np.float32)


def test_heat_maps_become_one_pose() -> None:
    places = [(0.1, 0.2), (0.5, 0.93), (0.77, 0.41), (0.99, 0.01)]
    outputs = {"output_0": heat(*places)}
    assert select_task(outputs, TaskOptions()).name != "keypoints"
    task = select_task(outputs, TaskOptions("keypoints"))
    assert "heat maps of 4 keypoints of one pose, because of --task" in task.notes[0]
    found = run(outputs, TaskOptions("keypoints"))[POSES]
    assert found.shape == (1, 1, 4, 3)
    for (y, x), point in zip(places, found[0, 0], strict=True):
        assert point[0] == pytest.approx(y, abs=0.5 / 32)
        assert point[1] == pytest.approx(x, abs=0.5 / 16)
        assert 0.6 < point[2] <= 0.8


def test_the_keypoints_of_a_detector() -> None:
    """As TensorFlow's detection models have them: only if the user prefers them to boxes."""
    outputs = {
        "detection_boxes": points(2, 4, 4),
        "detection_scores": np.array([[0.9, 0.4, 0, 0]] * 2, np.float32),
        "detection_classes": np.ones((2, 4), np.float32),
        "detection_keypoints": points(2, 4, 17, 2) * [1, 0.5],
        "detection_keypoint_scores": points(2, 4, 17),
    }
    outputs = {name: value.astype(np.float32) for name, value in outputs.items()}
    found = run(outputs, TaskOptions("keypoints"))
    assert found[POSES].shape == (2, 4, 17, 3)
    assert found[POSES][1, 3, 16].tolist() == [0.5, 0.25, 0.5]
    assert (found[POSE_SCORES] == outputs["detection_scores"]).all()
    detector = select_task(outputs, TaskOptions())
    assert detector.name == "detection"
    assert "--task keypoints makes a pose model" in str(detector.notes)
    outputs["detection_keypoint_scores"] = points(2, 4, 9)
    with pytest.raises(SourceError, match=r"a detector.s keypoints and scores"):
        select_task(outputs, TaskOptions("keypoints"))


def test_the_rows_of_movenet_multipose() -> None:
    row = np.arange(56, dtype=np.float32) / 56
    found = run({"output_0": row.reshape(1, 1, 56)}, TaskOptions())
    assert found[POSES][0, 0, 16].tolist() == pytest.approx([48 / 56, 49 / 56, 50 / 56])
    assert found[POSE_SCORES].tolist() == [[pytest.approx(55 / 56)]]


@pytest.mark.parametrize(
    ("order", "units", "given"),
    [
        ("yxyx", "normalized", [0.5, 0.25]),
        ("xyxy", "normalized", [0.25, 0.5]),
        ("yxyx", "pixels", [50, 50]),
        ("xyxy", "pixels", [50, 50]),
    ],
)
def test_points_in_any_order_and_unit(order: str, units: str, given: list[float]) -> None:
    outputs = {"pose": np.array([[[*given, 0.0]] * 2], np.float32)}
    found = run(outputs, TaskOptions(order=order, units=units, activation="sigmoid"))
    assert found[POSES][0, 0, 0].tolist() == pytest.approx([0.5, 0.25, 0.5])


def test_pixels_that_are_not_declared_are_an_error() -> None:
    with pytest.raises(SourceError, match=r"reach 190; if they are pixels .* --box-units pixels"):
        select_task({"pose": np.array([[[190, 20, 0.5]] * 2], np.float32)}, TaskOptions())


def test_a_person_has_names_and_a_skeleton() -> None:
    task = select_task({"output_0": points(1, 1, 17, 3)}, TaskOptions())
    assert task.labels == coco_person.POINTS
    assert [5, 7] in task.details["skeleton"], "shoulder and elbow"
    assert {point for edge in coco_person.SKELETON for point in edge} == set(range(17))
    hand = select_task({"pose": points(1, 21, 3)}, TaskOptions())
    assert (hand.labels, hand.details) == ((), {"skeleton": []})


def parsed(*flags: str) -> TaskOptions:
    parser = argparse.ArgumentParser()
    add_task(parser)
    return task_options(parser.parse_args(flags))


def test_a_skeleton_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert parsed("--skeleton=0-1,1-20").skeleton == ((0, 1), (1, 20))
    assert parsed("--skeleton=").skeleton == ()
    assert parsed().skeleton is None
    hand = {"pose": points(1, 21, 3)}
    assert select_task(hand, parsed("--skeleton=0-20")).details == {"skeleton": [[0, 20]]}
    with pytest.raises(SourceError, match="joins point 21, but there are 21, from 0 on"):
        select_task(hand, parsed("--skeleton=0-21"))
    for wrong in ("0-1,", "0-1 1-2", "a-b", "0-1-2", "-1-2"):
        with pytest.raises(SystemExit):
            parsed(f"--skeleton={wrong}")
        assert "is not A-B,C-D" in capsys.readouterr().err


def test_a_model_of_integers_is_described(tmp_path: Path) -> None:
    """As MoveNet: int32 pixels, one image per call."""

    def movenet(image: Any) -> Any:
        red = tf.reduce_mean(tf.cast(image[..., 0], tf.float32)) / 255
        return {"output_0": tf.fill([1, 1, 17, 3], red)}

    module = tf.Module()
    spec = tf.TensorSpec([1, 16, 16, 3], tf.int32, "input")
    module.call = tf.function(movenet, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path), signatures=module.call)
    source = open_source(SourceOptions(str(tmp_path)))
    found = resolve(source, ImageOptions(), TaskOptions(), None, PROBES)
    assert answers(found, RED)[POSES].tolist() == [[[[1.0, 1.0, 1.0]] * 17]]
    assert "because of its shape" in notes(found)
    fields = json.loads(describe("pose", found))
    assert (fields["task"], fields["labels"][0]) == ("keypoints", "nose")
    assert fields["skeleton"][0] == [0, 1]


def test_poses_are_relative_to_the_image_and_not_to_its_bars() -> None:
    canvas = Canvas(100, 100, letterbox=True)
    placements = tf.constant([[0.25, 0.0, 0.5, 1.0]])  # bars above and below
    found = relative_to_images(
        {POSES: tf.constant([[[[0.5, 0.25, 0.9], [0.0, 0.5, 0.1]]]])}, canvas, placements
    )
    assert found[POSES].numpy().tolist() == [
        [[[0.5, 0.25, pytest.approx(0.9)], [-0.5, 0.5, pytest.approx(0.1)]]]
    ]
    raw = {POSES: tf.zeros([1, 17, 3])}  # of a model of raw tensors
    assert relative_to_images(raw, canvas, placements)[POSES].shape == [1, 17, 3]


POSE = {POSES: np.array([[[0.5, 0.5, 0.9], [0.1, 0.1, 0.05]]], np.float32)}


@pytest.mark.parametrize(
    ("change", "agrees"),
    [
        ([[[0.5, 0.5, 0.9], [0.8, 0.9, 0.05]]], True),  # a point that nobody sees
        ([[[0.5, 0.6, 0.9], [0.1, 0.1, 0.05]]], False),
        ([[[0.5, 0.5, 0.8], [0.1, 0.1, 0.05]]], False),
        ([[[0.5, 0.5, 0.9]]], False),
    ],
)
def test_verification_compares_points_that_are_seen(change: Any, agrees: bool) -> None:
    actual = {POSES: np.array(change, np.float32)}
    if agrees:
        assert compare("served", [actual], [POSE]).worst <= 1e-3
        return
    with pytest.raises(ContractError, match=r"keypoints .*(differ|instead of)"):
        compare("served", [actual], [POSE])


def test_verification_compares_poses_in_any_order() -> None:
    poses = np.random.default_rng(0).uniform(0.2, 0.9, (3, 4, 3)).astype(np.float32)
    scores = np.array([0.5, 0.4995, 0.01], np.float32)
    expected = {POSES: poses, POSE_SCORES: scores}
    swapped = {POSES: poses[[1, 0, 2]], POSE_SCORES: scores}
    assert compare("served", [swapped], [expected]).worst < 1e-3
    padding = poses.copy()
    padding[2] = 0
    assert compare("served", [{**expected, POSES: padding}], [expected]).worst == 0
    for wrong in ({POSES: poses[[0, 0, 2]]}, {POSE_SCORES: np.array([0.6, 0.4995, 0.01])}):
        with pytest.raises(ContractError, match="keypoints differ from the source's by"):
            compare("served", [{**expected, **wrong}], [expected])
