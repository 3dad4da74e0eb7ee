"""A pose model's outputs as poses, and outputs that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend import answers
from server.backend.contract import KeypointOutputs
from server.backend.pixels import WHOLE, Placement
from server.core.answers import Poses
from server.core.errors import ModelFailed, UnusableModel
from tests.server.backend.puppet_server import FLOAT, Spec, tensor
from tests.server.backend.test_selection import BYTES, chosen, only, signature

OUTPUTS = KeypointOutputs("keypoints", None)
SCORED = KeypointOutputs("keypoints", "pose_scores")


def poses(points: Any, scores: Any = None, outputs: Any = None, **more: Any) -> list[Poses]:
    sent = {"keypoints": tensor(np.array(points, np.float32))}
    if scores is not None:
        sent["pose_scores"] = tensor(np.array(scores, np.float32))
    chosen = outputs or (OUTPUTS if scores is None else SCORED)
    found: Any = answers.split(chosen, sent, len(points), **more)
    return [
        Poses(np.round(one.keypoints, 5).tolist(), np.round(one.scores, 5).tolist())
        for one in found
    ]


# Two points of a pose: y, x, score.
LEFT, RIGHT = [[0.2, 0.1, 0.9], [0.4, 0.3, 0.5]], [[0.2, 0.6, 0.4], [0.4, 0.8, 0.2]]
LEFT_FLAT, RIGHT_FLAT = [0.1, 0.2, 0.9, 0.3, 0.4, 0.5], [0.6, 0.2, 0.4, 0.8, 0.4, 0.2]


def test_points_become_x_y_and_score_best_pose_first() -> None:
    """A pose without a score of its own scores the mean of its points."""
    assert (
        poses([[RIGHT, LEFT], [LEFT, RIGHT]])
        == [
            Poses([LEFT_FLAT, RIGHT_FLAT], [0.7, 0.3]),
        ]
        * 2
    )
    assert poses([[RIGHT, LEFT]], [[0.8, 0.1]]) == [Poses([RIGHT_FLAT, LEFT_FLAT], [0.8, 0.1])]


def test_numbers_are_plain() -> None:
    [answer] = answers.split(OUTPUTS, {"keypoints": tensor(np.array([[LEFT]], "f"))}, 1)
    assert isinstance(answer, Poses)
    assert {type(value) for value in (*answer.keypoints[0], *answer.scores)} == {float}


def test_padding_is_left_out() -> None:
    nan = float("nan")
    assert poses([[LEFT, RIGHT, RIGHT]], [[0.0, 0.5, nan]]) == [Poses([RIGHT_FLAT], [0.5])]
    assert poses([[LEFT]], [[0.0]]) == [Poses([], [])]
    assert poses(np.zeros((1, 0, 2, 3))) == [Poses([], [])]


def test_letterboxed_points_are_of_the_frame_again() -> None:
    wide = Placement(0.0, 0.25, 1.0, 0.5)
    points = [[[[0.25, 0.0, 1.0], [0.75, 1.0, 1.0], [0.0, 0.5, 1.0]]]] * 2
    whole, placed = (one.keypoints[0] for one in poses(points, placements=[WHOLE, wide]))
    assert whole == [0.0, 0.25, 1.0, 1.0, 0.75, 1.0, 0.5, 0.0, 1.0]
    assert placed == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.5, -0.5, 1.0], "the last is outside"


def test_a_point_that_is_not_finite_scores_0_and_keeps_its_place() -> None:
    lost = [[float("nan"), 0.1, 0.9], [0.4, float("inf"), 0.5], [0.2, 0.4, 0.6]]
    [answer] = poses([[lost]], [[0.5]])
    assert answer.keypoints == [[0, 0, 0, 0, 0, 0, 0.4, 0.2, 0.6]]


def test_the_number_of_poses_is_bounded() -> None:
    [answer] = poses(np.full((1, 300, 2, 3), 0.5))
    assert len(answer.scores) == 100
    [answer] = poses(np.full((1, 300, 1000, 3), 0.5))
    assert len(answer.keypoints) == 10


@pytest.mark.parametrize(
    ("points", "scores", "outputs", "words"),
    [
        (np.zeros((1, 2, 3)), None, OUTPUTS, r"shape \[1, 2, 3\], not \[N,P,K,3\]"),
        (np.zeros((1, 2, 3, 2)), None, OUTPUTS, r"not \[N,P,K,3\]"),
        (np.zeros((1, 2, 0, 3)), None, OUTPUTS, "has 0 points"),
        (np.zeros((1, 2, 1001, 3)), None, OUTPUTS, "has 1001 points, not 1 to 1000"),
        (np.zeros((1, 2, 4, 3)), [[1, 1, 1]], SCORED, r"\[1, 2, 4, 3\] and pose_scores \[1, 3\]"),
        (np.zeros((1, 1, 4, 3)), None, KeypointOutputs("keypoints", None, 5), "4 points, for 5"),
        (np.zeros((1, 1, 4, 3)), None, KeypointOutputs("keypoints", None, 0, 9), "joins 9"),
    ],
)
def test_shapes_that_do_not_fit(points: Any, scores: Any, outputs: Any, words: str) -> None:
    with pytest.raises(ModelFailed, match=words):
        poses(points, scores, outputs)


_ANY = st.floats(width=32) | st.floats(-2, 2, width=32)


@given(st.data(), st.integers(0, 3), st.integers(1, 3), st.booleans())
def test_every_pose_is_finite_and_sorted(data: Any, count: int, points: int, scored: bool) -> None:
    def numbers(*shape: int) -> Any:
        size = int(np.prod(shape))
        values = data.draw(st.lists(_ANY, min_size=size, max_size=size))
        return np.array(values, np.float32).reshape(shape)

    scores = numbers(1, count) if scored else None
    [answer] = poses(numbers(1, count, points, 3), scores, placements=[Placement(0, 0.4, 1, 0.2)])
    assert len(answer.scores) == len(answer.keypoints) <= count
    assert list(answer.scores) == sorted(answer.scores, reverse=True)
    assert all(len(pose) == 3 * points and np.isfinite(pose).all() for pose in answer.keypoints)


# Which models are pose models

POINTS: dict[str, Spec] = {"keypoints": (FLOAT, (-1, 6, 17, 3))}
LABELS = tuple(map(str, range(17)))


def test_only_a_description_makes_a_pose_model() -> None:
    assert only(signature(BYTES, POINTS)).outputs.task == "tensors"
    described = chosen(signature(BYTES, POINTS), task="keypoints", skeleton=((0, 1), (1, 2)))
    assert (described.model.task, described.model.skeleton) == ("keypoints", ((0, 1), (1, 2)))
    [contract] = described.contracts.values()
    assert contract.outputs == KeypointOutputs("keypoints", None, 0, 3)
    assert contract.certain


def test_the_only_output_may_have_any_name() -> None:
    movenet = signature(BYTES, {"output_0": (FLOAT, (1, 1, 17, 3))})
    [lane] = (selection := chosen(movenet, task="keypoints", labels=LABELS)).contracts
    assert selection.contracts[lane].outputs == KeypointOutputs("output_0", None, 17)
    assert lane.max_batch == 1
    scored = signature(BYTES, {**POINTS, "pose_scores": (FLOAT, (-1, 6)), "more": (FLOAT, (-1,))})
    assert only(scored, task="keypoints").outputs.aliases == ("keypoints", "pose_scores")


@pytest.mark.parametrize(
    ("outputs", "described", "words"),
    [
        ({"a": (FLOAT, (-1, 2)), "b": (FLOAT, (-1,))}, {}, "must return 'keypoints', not a, b"),
        ({"keypoints": (FLOAT, (-1, 17, 3))}, {}, r"float32\[\?,17,3\]; it must be \[N,P,K,3\]"),
        ({"keypoints": (FLOAT, (-1, 1, 17, 2))}, {}, r"it must be \[N,P,K,3\]"),
        ({**POINTS, "pose_scores": (FLOAT, (-1, 5))}, {}, "6 keypoints and 5 pose_scores"),
        (POINTS, {"labels": ("a", "b")}, "'keypoints' has 17 points, for 2 labels"),
        (POINTS, {"skeleton": ((0, 17),)}, "has 17 points; a skeleton joins 18"),
    ],
)
def test_contradictions(outputs: dict[str, Spec], described: dict[str, Any], words: str) -> None:
    with pytest.raises(UnusableModel, match=words):
        chosen(signature(BYTES, outputs), task="keypoints", **described)
