"""Rendered scenes: deterministic, and with the true boxes of their digits."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from demomodel import backdrop, fonts, scenes, typesetting
from demomodel.perspective import Warp, homography, project


def test_a_seed_gives_one_scene() -> None:
    first, again, other = scenes.render(4), scenes.render(4), scenes.render(5)
    assert first.picture.tobytes() == again.picture.tobytes()
    assert (first.boxes == again.boxes).all()
    assert first.picture.tobytes() != other.picture.tobytes()


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (320, 180), (192, 192)])
def test_a_scene_has_its_size_and_boxes_inside_it(size: tuple[int, int]) -> None:
    for seed in range(5):
        scene = scenes.render(seed, size)
        assert scene.picture.size == size
        assert scene.picture.mode == "RGB"
        assert len(scene.boxes) == len(scene.labels) > 0
        low, high = scene.boxes[:, :2], scene.boxes[:, 2:]
        assert (low >= -0.01).all()
        assert (high <= 1.01).all()
        assert (low < high).all()
        assert set(scene.labels.tolist()) <= set(range(10))


def test_lines_cross_digits_in_some_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    covered: list[np.ndarray] = []
    monkeypatch.setattr(backdrop, "cover", lambda rng, picture, boxes: covered.append(boxes))
    rendered = [scenes.render(seed, (320, 240)) for seed in range(30)]
    assert 0 < len(covered) < 15
    pairs = [np.array(boxes, np.float32).tobytes() for boxes in covered]
    assert set(pairs) <= {scene.boxes.tobytes() for scene in rendered}


def test_a_scene_without_digits_has_no_boxes() -> None:
    for seed in range(5):
        scene = scenes.render(seed, (320, 240), digits=False)
        assert scene.boxes.shape == (0, 4)
        assert scene.labels.shape == (0,)


def test_lines_do_not_overlap() -> None:
    for seed in range(20):
        boxes = scenes.render(seed, (320, 240)).boxes
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        for index, middle in enumerate(middles):
            inside = ((boxes[:, :2] < middle) & (middle < boxes[:, 2:])).all(axis=1)
            assert inside.nonzero()[0].tolist() == [index]


@pytest.mark.parametrize("text", ["0", "1", "7", "4-2", "A380"])
def test_boxes_enclose_the_ink_after_rotation_and_perspective(text: str) -> None:
    line = typesetting.set_line(text, fonts.BUILT_IN, height=60)
    width, height = line.ink.size
    quad = np.array([(20, 9), (width + 31, 3), (width + 12, height + 35), (2, height + 21)])
    forth = homography(line.ink.size, quad)
    place = (0, 0, width + 40, height + 40)
    for index, label in enumerate(line.labels):
        alone = Image.new("L", line.ink.size, 0)
        outline = line.outlines[index]
        x0, x1 = int(outline[:, 0].min()), int(outline[:, 0].max())
        alone.paste(line.ink.crop((x0, 0, x1, height)), (x0, 0))
        ys, xs = np.nonzero(np.asarray(Warp(forth, place)(alone)) > 100)
        points = project(forth, outline)
        ink = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
        assert np.abs(ink - box).max() <= 2.0, (label, ink, box)


def test_digits_have_the_requested_height() -> None:
    for height in (20.0, 80.0):
        outline = typesetting.set_line("8", fonts.BUILT_IN, height).outlines[0]
        assert abs(np.ptp(outline[:, 1]) - height) <= 2.0


def test_letters_are_not_digits() -> None:
    line = typesetting.set_line("Ab7c", fonts.BUILT_IN, 30)
    assert line.labels == (7,)
    assert len(line.outlines) == 1
