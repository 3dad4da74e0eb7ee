"""Anchors: of published models, generated, and read from files."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.detectors.anchors import PRESETS, presets_with, resolve_anchors
from export.detectors.options import DecodeOptions
from export.errors import SourceError
from tests.export.detectors.reference import pyramid_anchors, ssd_anchors

MANY = [2.0, 0.5, 3.0, 1 / 3]
FEW = [2.0, 0.5]


def resolved(anchors: str | None, size: tuple[int, int], family: str = "ssd", **more: Any) -> Any:
    """Return the anchors as center x, center y, width, height."""
    found = resolve_anchors(DecodeOptions(family, anchors=anchors, **more), size)
    return found.boxes[:, [1, 0, 3, 2]]


@pytest.mark.parametrize(
    ("preset", "sides"),
    [
        ("ssd300", [30, 60, 111, 162, 213, 264, 315]),
        ("ssd300-coco", [21, 45, 99, 153, 207, 261, 315]),
    ],
)
def test_ssd300_has_its_published_anchors(preset: str, sides: list[float]) -> None:
    sizes = list(pairwise(sides))
    ratios, steps = [FEW, MANY, MANY, MANY, FEW, FEW], [8.0, 16, 32, 64, 100, 300]
    wanted = np.array(list(ssd_anchors(300, [38, 19, 10, 5, 3, 1], sizes, ratios, steps)))
    assert len(wanted) == 8732
    assert np.allclose(resolved(preset, (300, 300)), wanted, atol=1e-6)


def test_ssd512_has_its_published_anchors() -> None:
    sides = [35.84, 76.8, 153.6, 230.4, 307.2, 384.0, 460.8, 537.6]
    sizes = list(pairwise(sides))
    ratios, steps = [FEW, MANY, MANY, MANY, MANY, FEW, FEW], [8.0, 16, 32, 64, 128, 256, 512]
    wanted = np.array(list(ssd_anchors(512, [64, 32, 16, 8, 4, 2, 1], sizes, ratios, steps)))
    assert len(wanted) == 24564
    assert np.allclose(resolved("ssd512", (512, 512)), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("preset", "by_scale", "ratios"),
    [
        ("retinanet", False, [2.0, 1.0, 0.5]),
        ("retinanet-keras", False, [0.5, 1.0, 2.0]),
        ("efficientdet", True, [1.0, 2.0, 0.5]),
    ],
)
def test_pyramids_have_their_published_anchors(
    preset: str, by_scale: bool, ratios: list[float]
) -> None:
    strides = (8, 16, 32, 64, 128)
    wanted = np.array(list(pyramid_anchors(256, 384, strides, 4.0, by_scale, ratios)))
    found = resolved(preset, (256, 384), "retinanet")
    assert np.allclose(found * [384, 256, 384, 256], wanted, atol=1e-3)


def test_torchvisions_retinanet_counts_in_whole_pixels() -> None:
    """As KerasHub's, too. 400 is no multiple of 128: its four cells are 100 pixels wide."""
    found = resolved("retinanet-torchvision", (256, 400), "retinanet") * [400, 256, 400, 256]
    assert found[:4] == pytest.approx(
        np.array([[0, 0, 46, 22], [0, 0, 56, 28], [0, 0, 70, 36], [0, 0, 32, 32]]), abs=1e-3
    )
    assert found[-9 * 7] == pytest.approx([100, 0, 724, 362], abs=1e-3)
    assert found[-1] == pytest.approx([300, 128, 574, 1148], abs=1e-3)


def test_tensorflows_ssd_fits_any_size() -> None:
    """Anchors are shares of the shorter side: squares stay squares in a wide image."""
    found = resolved("tf-ssd", (256, 512))
    cells = [16 * 32, 8 * 16, 4 * 8, 2 * 4, 1 * 2, 1]
    assert len(found) == 3 * cells[0] + 6 * sum(cells[1:])
    assert found[0] == pytest.approx([0.5 / 32, 0.5 / 16, 0.05, 0.1])


def test_tensorflows_ssd_has_three_small_anchors_and_then_six_for_each_cell() -> None:
    found = resolved("tf-ssd", (300, 300))
    assert len(found) == 19 * 19 * 3 + (100 + 25 + 9 + 4 + 1) * 6 == 1917
    half = 0.5 / 19
    assert found[:3] == pytest.approx(
        np.array(
            [
                [half, half, 0.1, 0.1],
                [half, half, 0.2 * 2**0.5, 0.2 / 2**0.5],
                [half, half, 0.2 / 2**0.5, 0.2 * 2**0.5],
            ]
        )
    )
    assert found[-6] == pytest.approx([0.5, 0.5, 0.95, 0.95])
    assert found[-1] == pytest.approx([0.5, 0.5, 0.95**0.5, 0.95**0.5])


def test_presets_are_suggested_by_the_number_of_boxes() -> None:
    assert presets_with(8732, (300, 300)) == ["ssd300", "ssd300-coco"]
    assert presets_with(1917, (300, 300)) == ["tf-ssd"]
    assert presets_with(7, (300, 300)) == []
    with pytest.raises(SourceError, match="it could be ssd300 or ssd300-coco"):
        resolve_anchors(DecodeOptions("ssd"), (300, 300), 8732)
    with pytest.raises(SourceError, match=r"add --anchors .*, or one of ssd300, [^;]*$"):
        resolve_anchors(DecodeOptions("ssd"), (300, 300), 7)


BOXES = [[0.25, 0.5, 0.5, 0.25], [0.5, 0.5, 0.25, 1.0], [0.1, 0.2, 0.1, 0.1]]


def as_npy(path: Path) -> None:
    np.save(path, np.array(BOXES, np.float32))


def as_npy_by_map(path: Path) -> None:
    np.save(path, np.array(BOXES, np.float32).reshape(1, 3, 1, 4))


def as_json(path: Path) -> None:
    path.write_text(json.dumps(BOXES))


def as_csv(path: Path) -> None:
    path.write_text("# x, y, w, h\n" + "\n".join(", ".join(map(str, one)) for one in BOXES))


def as_four_rows(path: Path) -> None:
    path.write_text("\n".join(" ".join(map(str, row)) for row in np.array(BOXES).T))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.npy", as_npy),
        ("b.npy", as_npy_by_map),
        ("a.json", as_json),
        ("a.csv", as_csv),
        ("box_priors.txt", as_four_rows),
    ],
)
def test_files_of_boxes(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    assert np.allclose(resolved(str(tmp_path / name), (10, 20)), BOXES)


@pytest.mark.parametrize(
    ("order", "box"),
    [
        ("cxcywh", [100, 20, 40, 10]),
        ("cycxhw", [20, 100, 10, 40]),
        ("xyxy", [80, 15, 120, 25]),
        ("yxyx", [15, 80, 25, 120]),
    ],
)
def test_files_in_any_order_and_in_pixels(tmp_path: Path, order: str, box: list[float]) -> None:
    path = tmp_path / "anchors.npy"
    np.save(path, np.array([box], np.float32))
    found = resolved(str(path), (50, 200), anchor_order=order)
    assert found[0] == pytest.approx([0.5, 0.4, 0.2, 0.2])


def test_a_file_can_say_how_anchors_are_generated(tmp_path: Path) -> None:
    path = tmp_path / "anchors.json"
    path.write_text('{"image": [10, 20], "maps": [[1, 2]], "sizes": [[5]], "ratios": [[4]]}')
    wanted = [[x, 0.5, w, h] for x in (0.25, 0.75) for w, h in ((0.25, 0.5), (0.5, 0.25))]
    assert np.allclose(resolved(str(path), (10, 20)), wanted)


def test_anchors_can_be_clipped_to_the_image() -> None:
    text = '{"image": 10, "maps": [2], "sizes": [[6]], "ratios": [[]], "clip": true}'
    assert resolved(text, (10, 10))[0] == pytest.approx([0.275, 0.275, 0.55, 0.55])


@pytest.mark.parametrize(
    ("anchors", "message"),
    [
        ("ssd30", "neither a file nor one of ssd300.*; did you mean ssd300"),
        ("{", "--anchors is not JSON"),
        ('{"sizes": [[1]], "maps": [1, 2], "image": 3}', "an entry for each feature map"),
        ('{"sizes": [[1]], "maps": [1], "ratios": [[1]]}', "image must be positive numbers"),
        ('{"sides": 3}', "does not describe anchors: .*sides"),
        ('{"levels": [7, 3]}', r"levels are \[first, last\]"),
    ],
)
def test_anchors_that_make_no_sense(anchors: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        resolved(anchors, (300, 300))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "[[1, 2, 3]]", r"holds \[1, 3\] instead of anchors \[A,4\]"),
        ("a.json", "[[1, 2", "does not contain anchors"),
        ("a.csv", "a b c d", "does not contain anchors"),
        ("a.csv", "1,2,3,4\n5,6", "does not contain anchors"),
        ("a.npy", "no array", "does not contain anchors"),
        ("a.txt", "", "instead of anchors"),
        ("a.txt", "1 2 3 nan", "not finite"),
    ],
)
def test_files_that_hold_no_anchors(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SourceError, match=message):
        resolved(str(tmp_path / name), (300, 300))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_covers_the_image(preset: str) -> None:
    boxes = resolved(preset, (512, 512))
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] < 1.2).all()
    assert (boxes[:, 2:] > 0).all()
