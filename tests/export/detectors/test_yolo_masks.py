"""The masks of a YOLO that segments, compared with plain numpy on a thousand random heads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from export.contract import BOXES, CLASSES, COUNT, MASKS, SCORES
from export.detectors.decoded import decoded
from export.detectors.options import DecodeOptions
from export.detectors.recognition import recognize
from tests.export.detectors import reference
from tests.export.detectors.test_families import MOST, OVERLAP, SCORE, limited, options, run

HEADS, TOLERANCE, CELLS = 1000, 1e-4, 7
SIZE = (16, 32)
ANCHORS = 11  # strides 8, 16, 32 at 32x16


def anchor_of(rows: np.ndarray, kind: int, score: float) -> int:
    return int(np.argmin(np.abs(rows[:, 4 + kind] - score)))


@pytest.mark.parametrize(("agnostic", "by_column", "channels_first"), [(0, 1, 0), (1, 0, 1)])
def test_masks_are_those_of_plain_numpy(
    agnostic: bool, by_column: bool, channels_first: bool
) -> None:
    random = np.random.default_rng(5)
    heads = HEADS if by_column else 50
    rows = np.concatenate(
        [
            random.uniform(0, 1, (heads, ANCHORS, 2)),
            random.uniform(0.05, 0.6, (heads, ANCHORS, 2)),
            random.uniform(0, 1, (heads, ANCHORS, 3)) ** 2,
            random.normal(0, 1, (heads, ANCHORS, 32)),
        ],
        axis=-1,
    ).astype(np.float32)
    maps = random.normal(0, 1, (heads, 4, 8, 32)).astype(np.float32)
    probe = {
        "output_0": rows.swapaxes(1, 2) if by_column else rows,
        "output_1": np.moveaxis(maps, 3, 1) if channels_first else maps,
    }
    how = options("yolo", agnostic=bool(agnostic), mask_size=CELLS)
    task = decoded({name: value[:4] for name, value in probe.items()}, how, SIZE, 4)
    assert (task.classes, task.details) == (3, {"masks": True})
    found = run(task, probe, SIZE)
    assert found[MASKS].shape == (heads, MOST, CELLS, CELLS)
    boxes = np.array([[reference.yolo_box(row, 1, 1) for row in image] for image in rows])
    if agnostic:
        pairs = zip(boxes, rows[..., 4:7], strict=True)
        wanted = [reference.agnostic(*one, OVERLAP, SCORE, MOST) for one in pairs]
    else:
        wanted = limited(boxes, rows[..., 4:7])
    for at, expected in enumerate(wanted):
        assert found[COUNT][at] == len(expected)
        assert not found[MASKS][at, len(expected) :].any()
        for number, (kind, score, box) in enumerate(expected[:1]):
            assert found[CLASSES][at, number] == kind
            assert np.abs(found[BOXES][at, number] - box).max() < TOLERANCE
            weights = rows[at, anchor_of(rows[at], kind, score), 7:]
            mask = reference.mask(maps[at], weights, box, CELLS)
            assert np.abs(found[MASKS][at, number] - mask).max() < TOLERANCE
            assert found[SCORES][at, number] == pytest.approx(score)


def test_anchors_with_equal_scores_keep_their_own_masks() -> None:
    rows = np.zeros((1, ANCHORS, 4 + 1 + 32), np.float32)
    for at, x in ((3, 0.25), (7, 0.75)):
        rows[0, at, :5] = [x, 0.5, 0.3, 0.8, 0.9]
        rows[0, at, 5 + at] = 8.0 if at == 3 else -8.0
    probe = {"o": rows, "p": np.ones((1, 4, 8, 32), np.float32)}
    found = run(decoded(probe, options("yolo", mask_size=4), SIZE, 1), probe, SIZE)
    by_place = {
        round(float(box[1]), 2): mask
        for box, mask in zip(found[BOXES][0], found[MASKS][0], strict=True)
    }
    assert by_place[0.1].min() > 0.99
    assert by_place[0.6].max() < 0.01


def test_the_segment_form_is_recognized() -> None:
    probe: dict[str, Any] = {
        "output_0": np.zeros((1, 116, 8400), np.float32),
        "output_1": np.zeros((1, 160, 160, 32), np.float32),
    }
    hint = recognize(probe, (640, 640)) or ""
    assert "output_0 [116, 8400] has a box, and a mask, made of output_1, for each anchor" in hint
    assert "add --decode yolo" in hint
    task = decoded(probe, DecodeOptions("yolo"), (640, 640), 1)
    assert (task.classes, task.details) == (80, {"masks": True})
