"""A film of rendered scenes for Chromium's fake camera, and whether an answer fits a scene."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from export.scenes import Scene, render

SIZE = (640, 480)
FRAMES_A_SCENE = 30
LEAST_OVERLAP = 0.5


def scenes(seeds: Sequence[int]) -> list[Scene]:
    return [render(seed, SIZE) for seed in seeds]


def write_film(path: Path, shown: Sequence[Scene]) -> Path:
    """Each scene for about a second; an mjpeg file is JPEGs one after another."""
    with path.open("wb") as film:
        for scene in shown:
            film.write(jpeg(scene) * FRAMES_A_SCENE)
    return path


def jpeg(scene: Scene) -> bytes:
    encoded = io.BytesIO()
    scene.picture.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()


def fits(answer: dict[str, Any] | None, scene: Scene) -> bool:
    """Whether the answer has the scene's digits, each in its place, and nothing else."""
    if answer is None or len(answer["boxes"]) != len(scene.labels):
        return False
    found = list(zip(answer["classes"], answer["boxes"], strict=True))
    for label, (y0, x0, y1, x1) in zip(scene.labels, scene.boxes, strict=True):
        truth = (float(x0), float(y0), float(x1), float(y1))
        matches = [
            each for each in found if each[0] == label and overlap(each[1], truth) >= LEAST_OVERLAP
        ]
        if not matches:
            return False
        found.remove(matches[0])
    return True


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes [x0, y0, x1, y1]."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)
