"""Scenes that another program rendered: read, scored, and rejected if they are not scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demomodel import dataset
from export.errors import SourceError
from tests.demomodel import second_renderer


def arrays(count: int = 2, **changes: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of ``count`` scenes of the second renderer, with some replaced."""
    return second_renderer.render_all(count, digits=True) | changes


def test_scenes_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = arrays()
    np.savez(tmp_path / "scenes.npz", **written)
    scenes = dataset.read(tmp_path / "scenes.npz")
    assert (scenes.pictures == written["pictures"]).all()
    assert (scenes.labels == written["labels"]).all()
    assert scenes.boxes.shape == (2, 20, 4)


@pytest.mark.parametrize(
    "changes",
    [
        {"pictures": np.zeros((2, 64, 64, 3), np.uint8)},
        {"pictures": np.zeros((2, 192, 192, 3), np.float32)},
        {"pictures": np.zeros((0, 192, 192, 3), np.uint8)},
        {"boxes": np.zeros((2, 20, 3), np.float32)},
        {"labels": np.zeros((2,), np.int32)},
        {"labels": np.zeros((3, 20), np.int32)},
    ],
)
def test_wrong_shapes_are_rejected_in_one_line(
    tmp_path: Path, changes: dict[str, np.ndarray]
) -> None:
    np.savez(tmp_path / "scenes.npz", **arrays(**changes))
    with pytest.raises(SourceError, match=r"expected pictures uint8 \[n, 192, 192, 3\]") as caught:
        dataset.read(tmp_path / "scenes.npz")
    assert "\n" not in str(caught.value)


def test_what_is_no_file_of_scenes_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot read .*No such file"):
        dataset.read(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("x")
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    for name in ("text.npz", "other.npz"):
        with pytest.raises(SourceError, match=r"expected an \.npz file with pictures"):
            dataset.read(tmp_path / name)


def test_the_second_renderer_is_reproducible_and_its_boxes_hold_the_digits() -> None:
    picture, boxes, labels = second_renderer.render(5)
    again, _, _ = second_renderer.render(5)
    assert picture.tobytes() == again.tobytes()
    assert len(boxes) == len(labels) > 0
    assert (boxes[:, :2] < boxes[:, 2:]).all()
    assert boxes.min() >= 0
    assert boxes.max() <= 1


def test_scenes_without_digits_have_no_boxes() -> None:
    for seed in range(3):
        _, boxes, labels = second_renderer.render(seed, digits=False)
        assert len(boxes) == len(labels) == 0
