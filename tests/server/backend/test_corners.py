"""The corners of rotated boxes, and outputs that only have their name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from server.backend import answers
from server.backend.contract import DetectionOutputs
from server.backend.pixels import Placement
from server.core.answers import Detections
from server.core.errors import ModelFailed
from tests.server.backend.puppet_models import BYTES, DETECTION
from tests.server.backend.puppet_server import FLOAT, STRING, Spec, tensor
from tests.server.backend.test_selection import chosen, only, signature

OUTPUTS = DetectionOutputs("b", "s", "c", None, 0, corners="k")
DIAMOND = [[0.5, 0.25], [0.25, 0.5], [0.5, 0.75], [1.25, 0.5]]
"""Y and x of each corner; the last is beyond the picture."""


def detect(corners: Any, scores: list[float], **more: Any) -> Detections:
    """Return the answer to one picture with a box for each of the scores."""
    count = len(scores)
    sent = {
        "b": tensor(np.full((1, count, 4), 0.5, np.float32)),
        "s": tensor(np.array([scores], np.float32)),
        "c": tensor(np.zeros((1, count), np.float32)),
        "k": tensor(np.array([corners], np.float32)),
    }
    [answer] = answers.split(OUTPUTS, sent, 1, **more)
    assert isinstance(answer, Detections)
    return answer


def test_corners_follow_their_boxes() -> None:
    """They are sorted with these, left out if they are not finite, and not clipped."""
    other, broken = [[0.125, 0.25]] * 4, [[0.5, np.nan]] * 4
    answer = detect([other, DIAMOND, broken], [0.25, 0.75, 0.5])
    assert answer.scores == [0.75, 0.25]
    assert answer.corners == [[0.25, 0.5, 0.5, 0.25, 0.75, 0.5, 0.5, 1.25], [0.25, 0.125] * 4]
    assert detect(np.zeros((0, 4, 2)), []).corners == []


def test_bars_are_taken_away() -> None:
    answer = detect([DIAMOND], [0.5], placements=[Placement(0.0, 0.25, 1.0, 0.5)])
    assert answer.corners == [[0.25, 0.5, 0.5, 0.0, 0.75, 0.5, 0.5, 2.0]]


def test_other_corners_than_boxes() -> None:
    with pytest.raises(ModelFailed, match=r"k \[1, 2, 4, 2\] does not match boxes \[1, 1\]"):
        detect([DIAMOND, DIAMOND], [0.5])


@pytest.mark.parametrize(
    ("spec", "is_served"),
    [
        ((FLOAT, (-1, 2, 4, 2)), True),
        ((FLOAT, (-1, -1, 4, 2)), True),
        ((FLOAT, (-1, 2, 8)), False),
        ((FLOAT, (-1, 2, 4, 3)), False),
        ((FLOAT, None), False),
        ((STRING, (-1, 2, 4, 2)), False),
    ],
)
def test_what_only_has_their_name_leaves_the_boxes(spec: Spec, is_served: bool) -> None:
    definition = signature(BYTES, {**DETECTION, "detection_corners": spec})
    assert chosen(definition).model.task == "detection"
    assert ("detection_corners" in only(definition).outputs.aliases) == is_served
