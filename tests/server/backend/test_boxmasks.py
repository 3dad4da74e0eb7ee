"""A mask for each box as run lengths, and outputs that are no such masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend import answers
from server.backend.boxmasks import MAX_MASKS, MAX_RUNS
from server.backend.contract import DetectionOutputs
from server.backend.pixels import Placement
from server.core.answers import BoxMasks, Detections
from server.core.errors import ModelFailed, UnusableModel
from tests.server.backend.puppet_models import BYTES, DETECTION
from tests.server.backend.puppet_server import FLOAT, STRING, UINT8, Spec, tensor
from tests.server.backend.test_selection import chosen, only, signature

OUTPUTS = DetectionOutputs("b", "s", "c", None, 0, masks="m")
RANDOM = np.random.default_rng(14)


def detect(masks: Any, boxes: Any = None, scores: Any = None, **more: Any) -> Detections:
    """Return the answer to one picture with a box for each of the masks."""
    count = len(masks)
    boxes = [[0.1, 0.2, 0.3, 0.4]] * count if boxes is None else boxes
    scores = [0.9] * count if scores is None else scores
    sent = {
        "b": tensor(np.array([boxes], np.float32).reshape(1, count, 4)),
        "s": tensor(np.array([scores], np.float32)),
        "c": tensor(np.zeros((1, count), np.float32)),
        "m": tensor(np.array([masks])),
    }
    [answer] = answers.split(OUTPUTS, sent, 1, **more)
    assert isinstance(answer, Detections)
    return answer


def masks_of(answer: Detections) -> BoxMasks:
    assert answer.masks is not None
    return answer.masks


def expanded(masks: BoxMasks) -> list[Any]:
    """Return the masks as boolean arrays."""
    return [
        np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(masks.height, masks.width)
        for runs in masks.runs
    ]


def test_runs_begin_outside_and_go_on_across_the_ends_of_rows() -> None:
    answer = detect(
        np.array([[[0.1, 0.2, 0.6], [0.5, 0.4, 0.0]], [[0.9] * 3] * 2, [[np.nan] * 3] * 2], "f")
    )
    assert masks_of(answer) == BoxMasks(3, 2, [[2, 2, 2], [0, 6], [6]])
    assert {type(number) for runs in masks_of(answer).runs for number in runs} == {int}


def test_whole_numbers_and_booleans_are_masks_too() -> None:
    cells = [[[0, 1], [255, 0]]]
    for dtype in (np.int64, np.bool_):
        assert masks_of(detect(np.array(cells, dtype))).runs == [[1, 2, 1]]


def test_masks_follow_their_boxes() -> None:
    """Boxes are sorted, left out if they are not finite, and cut to what the session wants."""
    masks = np.zeros((4, 1, 4), np.float32)
    for number in range(4):
        masks[number, 0, : number + 1] = 1.0
    boxes = [[0.1, 0.1, 0.2, 0.2]] * 4
    boxes[2] = [0.1, float("inf"), 0.2, 0.2]
    answer = detect(masks, boxes, [0.2, 0.9, 0.8, 0.5])
    assert masks_of(answer).runs == [[0, 2, 2], [0, 4], [0, 1, 3]]
    assert masks_of(answer.limited(0.4, None)).runs == [[0, 2, 2], [0, 4]]
    assert masks_of(answer.limited(0.0, 1)).runs == [[0, 2, 2]]


def test_the_mask_of_a_clipped_box_shows_what_is_left_of_it() -> None:
    cells = np.array([[[1, 0, 0, 1], [0, 1, 1, 0]]], np.float32)
    answer = detect(cells, [[0.0, -0.5, 1.0, 0.5]])  # only its right half is in the frame
    assert np.round(answer.boxes, 5).tolist() == [[0.0, 0.0, 0.5, 1.0]]
    assert expanded(masks_of(answer))[0].tolist() == [[0, 0, 1, 1], [1, 1, 0, 0]]


def test_letterboxed_masks_are_of_the_frame_again() -> None:
    cells = np.array([[[1], [0], [0], [1]]], np.float32)
    bars = Placement(0.0, 0.25, 1.0, 0.5)
    answer = detect(cells, [[0.0, 0.0, 0.5, 1.0]], placements=[bars])
    assert answer.boxes == [[0.0, 0.0, 1.0, 0.5]]
    assert expanded(masks_of(answer))[0].reshape(-1).tolist() == [0, 0, 1, 1]
    inside = detect(cells, [[0.25, 0.0, 0.75, 1.0]], placements=[bars])
    assert expanded(masks_of(inside))[0].reshape(-1).tolist() == [1, 0, 0, 1]


def test_masks_with_too_many_runs_are_thinned_out() -> None:
    noise = RANDOM.random((60, 28, 28)).astype(np.float32)
    masks = masks_of(detect(noise))
    assert (masks.width, masks.height) == (14, 14)
    assert sum(map(len, masks.runs)) <= MAX_RUNS
    assert (np.array(expanded(masks)) == (noise[:, ::2, ::2] >= 0.5)).all()


def test_only_the_best_boxes_have_masks() -> None:
    scores = np.linspace(0.1, 0.9, MAX_MASKS + 5)
    answer = detect(np.ones((MAX_MASKS + 5, 2, 2), np.float32), scores=scores)
    assert masks_of(answer).runs == [[0, 4]] * MAX_MASKS + [[]] * 5


def test_large_masks_are_thinned_out_before_they_are_read() -> None:
    masks = masks_of(detect(np.ones((2, 600, 600), np.float32)))
    assert (masks.width, masks.height, masks.runs) == (300, 300, [[0, 90_000]] * 2)


def test_a_picture_without_boxes_has_no_masks() -> None:
    assert masks_of(detect(np.zeros((0, 4, 4), np.float32))) == BoxMasks(4, 4, [])


@given(st.data(), st.integers(1, 5), st.integers(1, 5), st.integers(0, 4))
def test_runs_cover_the_grid(data: Any, width: int, height: int, count: int) -> None:
    size = count * width * height
    cells = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)), bool)
    cells = cells.reshape(count, height, width)
    boxes = data.draw(
        st.lists(
            st.lists(st.floats(-1, 2, width=32), min_size=4, max_size=4),
            min_size=count,
            max_size=count,
        )
    )
    masks = masks_of(detect(cells, boxes))
    assert all(sum(runs) == width * height for runs in masks.runs)
    assert all(length > 0 for runs in masks.runs for length in runs[1:])
    inside = [box if all(0 <= edge <= 1 for edge in box) else None for box in boxes]
    for mask, own, box in zip(expanded(masks), cells, inside, strict=True):
        is_seen = box is not None and min(box[2] - box[0], box[3] - box[1]) > 1e-6
        assert not is_seen or (mask == own).all()


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (np.zeros((2, 3), np.float32), r"is float32 \[1, 2, 3\], not numbers \[N,K,h,w\]"),
        (np.zeros((2, 0, 3), np.float32), r"\[1, 2, 0, 3\]"),
        (np.full((2, 1, 1), b"x", object), "is object"),
    ],
)
def test_masks_that_cannot_be_sent(masks: Any, words: str) -> None:
    with pytest.raises(ModelFailed, match=words):
        detect(masks)


def test_there_must_be_a_mask_for_each_box() -> None:
    sent = {
        "b": tensor(np.zeros((1, 2, 4), np.float32)),
        "s": tensor(np.zeros((1, 2), np.float32)),
        "c": tensor(np.zeros((1, 2), np.float32)),
        "m": tensor(np.zeros((1, 3, 4, 4), np.float32)),
    }
    with pytest.raises(ModelFailed, match=r"\[1, 3, 4, 4\].* for boxes \[1, 2\]"):
        answers.split(OUTPUTS, sent, 1)


def with_masks(spec: Spec) -> Any:
    return signature(BYTES, {**DETECTION, "detection_masks": spec})


def test_what_looks_like_masks_is_served() -> None:
    for spec in ((FLOAT, (-1, 2, 28, 28)), (UINT8, (-1, -1, -1, -1))):
        selection = chosen(with_masks(spec))
        [contract] = selection.contracts.values()
        assert isinstance(contract.outputs, DetectionOutputs)
        assert contract.outputs.masks == "detection_masks"
        assert contract.outputs.aliases[-1] == "detection_masks"
        assert selection.model.masks


@pytest.mark.parametrize(
    "spec",
    [
        (STRING, (-1, 2)),
        (FLOAT, (-1, 2, 999, 999)),
        (FLOAT, (-1, 3, 28, 28)),
        (FLOAT, (-1, 2, 28)),
        (FLOAT, None),
    ],
)
def test_what_only_has_their_name_leaves_the_boxes(spec: Spec) -> None:
    selection = chosen(with_masks(spec))
    assert (selection.model.task, selection.model.masks) == ("detection", False)
    assert "detection_masks" not in only(with_masks(spec)).outputs.aliases


def test_the_description_decides() -> None:
    fitting = with_masks((FLOAT, (-1, 2, 28, 28)))
    assert not chosen(fitting, masks=False).model.masks
    assert chosen(with_masks((FLOAT, (-1, 2, 999, 999))), masks=True).model.masks
    with pytest.raises(UnusableModel, match="for masks it must return 'detection_masks'"):
        chosen(signature(BYTES), masks=True)
    with pytest.raises(UnusableModel, match=r"it must be \[N,K,H,W\]"):
        chosen(with_masks((FLOAT, (-1, 2, 28))), masks=True)
    with pytest.raises(UnusableModel, match="these numbers must be equal"):
        chosen(with_masks((FLOAT, (-1, 3, 28, 28))), masks=True)
