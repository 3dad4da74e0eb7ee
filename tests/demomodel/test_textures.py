"""What surrounds the digits and what the camera does to them: varied, and no digit is lost."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from demomodel import backdrop, camera, textures

SIZE = (160, 120)


def seeded(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("texture", dict.fromkeys(textures.TEXTURES))
def test_a_texture_fills_the_picture_and_depends_on_the_seed(texture: object) -> None:
    assert callable(texture)
    first, again, other = (texture(seeded(seed), SIZE) for seed in (1, 1, 2))
    assert first.size == SIZE
    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes() != other.tobytes()
    quarters = np.asarray(first, float)[:120, :160].reshape(2, 60, 2, 80, 3)
    assert (quarters.std(axis=(1, 3)) > 1).all()


def test_surfaces_include_textures() -> None:
    spreads = [np.asarray(backdrop.surface(seeded(s), SIZE), float).std() for s in range(30)]
    assert sum(spread == 0 for spread in spreads) < 15
    assert sum(spread > 15 for spread in spreads) > 5


def test_covering_lines_leave_most_of_a_digit() -> None:
    hidden = []
    for seed in range(40):
        picture = Image.new("RGB", SIZE, "white")
        backdrop.cover(seeded(seed), picture, [(0.25, 0.25, 0.75, 0.5)])
        inside = np.asarray(picture)[30:90, 40:80]
        hidden.append(float((inside != 255).any(axis=-1).mean()))
    assert 0 < max(hidden) < 0.35
    assert 4 <= sum(share > 0 for share in hidden) <= 24


def test_nothing_is_covered_without_digits() -> None:
    picture = Image.new("RGB", SIZE, "white")
    backdrop.cover(seeded(), picture, [])
    assert picture.getcolors() == [(SIZE[0] * SIZE[1], (255, 255, 255))]


def test_folds_shade_the_paper_on_both_sides() -> None:
    folded = np.asarray(backdrop.fold(seeded(), Image.new("RGB", SIZE, (128, 128, 128))))
    assert folded.min() < 118
    assert folded.max() > 138


def test_screens_low_light_and_coarse_sensors_are_among_the_pictures() -> None:
    board = np.kron(np.indices((15, 20)).sum(axis=0) % 2, np.ones((8, 8))) * 200 + 28
    picture = Image.fromarray(board.astype(np.uint8)).convert("RGB")
    shots = [np.asarray(camera.shoot(seeded(seed), picture), float) for seed in range(60)]
    assert all(shot.shape == (120, 160, 3) for shot in shots)
    brightness = [shot.mean() for shot in shots]
    assert min(brightness) < 50
    assert max(brightness) > 120
    kept = [shot.std() for shot in shots]
    assert min(kept) > 3
