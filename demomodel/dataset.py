"""Render scenes into a directory of arrays, in several processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from PIL import Image

from demomodel import fonts, scenes
from export.errors import SourceError

WIDTH = 192
"""Width and height of the network's input in pixels."""

MAX_DIGITS = 20
EMPTY_SHARE = 0.25
"""The fraction of scenes without digits."""

ASPECTS = ((4, 3), (3, 4), (16, 9), (1, 1))
ASPECT_SHARES = (0.5, 0.2, 0.15, 0.15)
VERSION = 2
"""Increases when a seed gives other scenes, so that no stale directory is used."""


@dataclass(frozen=True)
class Plan:
    """A set of scenes.

    ``kind``: ``training``; ``calibration``, in the same fonts and without digits; ``held-out``, in
    other fonts; ``letters``, in those fonts and without digits; or ``clutter``, without letters and
    digits.
    """

    kind: str
    seed: int
    count: int

    @property
    def folder(self) -> str:
        """The name of its directory in the cache."""
        return f"scenes-{VERSION}-{self.kind}-{self.seed}-{self.count}"


@dataclass(frozen=True)
class Scenes:
    """Rendered scenes.

    ``pictures``: uint8 ``[n, 192, 192, 3]``. ``boxes``: float32 ``[n, 20, 4]``. ``labels``: int32
    ``[n, 20]``, -1 for none.
    """

    pictures: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


Progress = Callable[[str, int, int, str], None]
"""Called with a task, the steps done, the steps in all, and a note."""


def cache_folder() -> Path:
    """Return the default directory for rendered scenes."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        try:
            base = str(Path("~/.cache").expanduser())
        except RuntimeError:  # a user without a folder, as in some containers
            base = tempfile.gettempdir()
    return Path(base) / "framewire"


def load(plan: Plan, cache: Path, progress: Progress) -> Scenes:
    """Return the plan's scenes from the cache, after rendering them if necessary.

    Raise ``FontsMissing`` if they must be rendered and fonts are missing.
    """
    folder = cache / plan.folder
    if not (folder / "done").exists():
        _render_all(plan, folder, progress)
    arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS]
    return Scenes(*arrays)


def read(path: Path) -> Scenes:
    """Return the scenes in ``path``, an ``.npz`` file with the arrays of :class:`Scenes`.

    Raise ``SourceError`` if it is not one.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            scenes = Scenes(*(file[name] for name in _ARRAYS))
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError, BadZipFile):
        raise SourceError(f"{path}: expected an .npz file with {_LAYOUT}") from None
    count, slots = len(scenes.pictures), scenes.labels.shape[1:]
    shapes = ((count, WIDTH, WIDTH, 3), (count, *slots, 4), (count, *slots))
    actual = (scenes.pictures.shape, scenes.boxes.shape, scenes.labels.shape)
    if actual != shapes or len(slots) != 1 or scenes.pictures.dtype != np.uint8 or not count:
        raise SourceError(f"{path}: expected {_LAYOUT}, not {' '.join(map(str, actual))}")
    return scenes


def render_one(plan: Plan, index: int, faces: fonts.Faces) -> tuple[Image.Image, scenes.Scene]:
    """Render scene ``index`` of the plan. Return it at the network's size, and as rendered."""
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
_LAYOUT = f"pictures uint8 [n, {WIDTH}, {WIDTH}, 3], boxes [n, k, 4] and labels [n, k], -1 for none"
_KINDS = ("training", "held-out", "letters", "clutter", "calibration")
_TRAINING_FACES = ("training", "calibration")
_CHUNK = 100


def _render_all(plan: Plan, folder: Path, progress: Progress) -> None:
    trained = plan.kind in _TRAINING_FACES
    faces = fonts.training_faces() if trained else fonts.held_out_faces()
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
