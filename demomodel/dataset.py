"""Scenes rendered beforehand into a folder of arrays, by several processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from demomodel import fonts, scenes

WIDTH = 192
"""Width and height of the pictures as the network takes them."""

MAX_DIGITS = 20
EMPTY_SHARE = 0.14
"""The part of the scenes that hold no digit."""

ASPECTS = ((4, 3), (3, 4), (16, 9), (1, 1))
ASPECT_SHARES = (0.5, 0.2, 0.15, 0.15)
VERSION = 1
"""Goes up when the same seed gives other scenes, so that no stale folder is used."""


@dataclass(frozen=True)
class Plan:
    """Which scenes. kind: `training`; `held-out`, in other fonts; `letters` in those, and no
    digits; `clutter`, neither letters nor digits."""

    kind: str
    seed: int
    count: int

    @property
    def folder(self) -> str:
        return f"scenes-{VERSION}-{self.kind}-{self.seed}-{self.count}"


@dataclass(frozen=True)
class Scenes:
    """pictures uint8 [n, 192, 192, 3]; boxes float32 [n, 20, 4]; labels int32 [n, 20], -1: none."""

    pictures: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


Progress = Callable[[str, int, int, str], None]
"""Called with a task, how many of its parts are done and wanted, and a note on it."""


def cache_folder() -> Path:
    """Where rendered scenes are kept unless the command line says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "framewire"


def load(plan: Plan, cache: Path, progress: Progress) -> Scenes:
    """The plan's scenes from the cache, rendering them first if they are not there.

    Raises FontsMissing if they have to be rendered and cannot be.
    """
    folder = cache / plan.folder
    if not (folder / "done").exists():
        _render_all(plan, folder, progress)
    arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS]
    return Scenes(*arrays)


def render_one(plan: Plan, index: int, faces: fonts.Faces) -> tuple[Image.Image, scenes.Scene]:
    """Scene number `index` of the plan, stretched to the network's size, and as rendered."""
    seed = (plan.seed, _KINDS.index(plan.kind), index)
    rng = np.random.default_rng((*seed, 7))
    aspect = ASPECTS[int(rng.choice(len(ASPECTS), p=ASPECT_SHARES))]
    longest = int(rng.integers(256, 385))
    size = (longest * aspect[0] // max(aspect), longest * aspect[1] // max(aspect))
    digits = plan.kind == "held-out" or (
        plan.kind == "training" and bool(rng.random() >= EMPTY_SHARE)
    )
    scene = scenes.render(seed, size, faces, digits, letters=plan.kind != "clutter")
    method = Image.Resampling(int(rng.choice([2, 4])))
    return scene.picture.resize((WIDTH, WIDTH), method), scene


_ARRAYS = ("pictures", "boxes", "labels")
_KINDS = ("training", "held-out", "letters", "clutter")
_CHUNK = 100


def _render_all(plan: Plan, folder: Path, progress: Progress) -> None:
    faces = fonts.training_faces() if plan.kind == "training" else fonts.held_out_faces()
    folder.mkdir(parents=True, exist_ok=True)
    _create(plan, folder)
    starts = range(0, plan.count, _CHUNK)
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        jobs = [pool.submit(_render_chunk, plan, folder, start, faces) for start in starts]
        for number, job in enumerate(jobs, 1):
            job.result()
            progress(f"rendering {plan.kind}", min(number * _CHUNK, plan.count), plan.count, "")
    (folder / "done").touch()


def _create(plan: Plan, folder: Path) -> None:
    shapes = ((WIDTH, WIDTH, 3), (MAX_DIGITS, 4), (MAX_DIGITS,))
    types = (np.uint8, np.float32, np.int32)
    for name, shape, dtype in zip(_ARRAYS, shapes, types, strict=True):
        whole = (plan.count, *shape)
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, whole).flush()


def _render_chunk(plan: Plan, folder: Path, start: int, faces: fonts.Faces) -> None:
    pictures, boxes, labels = (np.load(folder / f"{n}.npy", mmap_mode="r+") for n in _ARRAYS)
    for index in range(start, min(start + _CHUNK, plan.count)):
        picture, scene = render_one(plan, index, faces)
        count = min(len(scene.labels), MAX_DIGITS)
        pictures[index] = np.asarray(picture)
        boxes[index] = 0.0
        boxes[index, :count] = scene.boxes[:count]
        labels[index] = -1
        labels[index, :count] = scene.labels[:count]
