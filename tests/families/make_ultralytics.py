"""Make a model with Ultralytics, and export it as its users do: ``make_ultralytics.py NAME``.

It runs in the library's own environment, in the folder where the export is to be. The model starts
from random weights and is trained on the CPU for a few minutes, on pictures of ``figures.py``: long
enough to see them, far too short for anything else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ |= {
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "YOLO_CONFIG_DIR": str(Path("configuration").resolve()),
}

import cv2
import numpy as np
import torch
from ultralytics import YOLO

from tests.families import figures, planks

SIDE = 160
SIZE = (SIDE, SIDE * 3 // 4)
PICTURES, BATCH = 320, 8
EPOCHS = {"detect": 8, "segment": 6, "pose": 10, "obb": 12, "classify": 8}
CALIBRATION = Path("calibration_image_sample_data_20x128x128x3_float32.npy")
"""The converter downloads it if it is missing; only models of integers need it."""

Line = Callable[[figures.Figure], str | None]


def main(name: str) -> None:
    """Write ``NAME_saved_model``."""
    torch.manual_seed(1)
    np.save(CALIBRATION, np.zeros([20, 128, 128, 3], np.float32))
    font = Path(os.environ["YOLO_CONFIG_DIR"], "Arial.ttf")  # for plots, which are off
    font.parent.mkdir(exist_ok=True)
    font.touch()
    model = YOLO(f"{name}.yaml")
    train(model, name)
    model.save(f"{name}.pt")
    YOLO(f"{name}.pt").export(format="saved_model", imgsz=SIDE)


def train(model: YOLO, name: str) -> None:
    """Train on rendered pictures, without the augmentation that photographs need."""
    data = data_set(model.task)
    model.train(
        data=str(data.resolve()),
        epochs=EPOCHS[model.task],
        imgsz=SIDE,
        batch=BATCH,
        nbs=BATCH,
        optimizer="AdamW",
        lr0=2e-3,
        warmup_epochs=1,
        device="cpu",
        workers=0,
        amp=False,
        val=False,
        plots=False,
        cache="ram",
        mosaic=0.0,
        erasing=0.0,
        auto_augment=None,
        fliplr=0.0,
        scale=0.2,
        seed=1,
        project=str(Path("runs").resolve()),
        name=name,
        exist_ok=True,
    )


def data_set(task: str) -> Path:
    """Render pictures with labels for a task. Return what ``data`` of a training names."""
    folder = Path(f"figures-{task}").resolve()
    if task == "classify":
        return _classes(folder)
    source: ModuleType = planks if task == "obb" else figures
    for i, scene in enumerate(source.scenes(1, PICTURES, SIZE)):
        _write(folder, f"{i:04}", scene, LINES[task])
    names = source.NAMES[:1] if task == "pose" else source.NAMES
    shape = "kpt_shape: [17, 3]\n" if task == "pose" else ""
    listed = "".join(f"  {number}: {label}\n" for number, label in enumerate(names))
    text = f"path: {folder}\ntrain: images\nval: images\n{shape}names:\n{listed}"
    (folder / "data.yaml").write_text(text)
    return folder / "data.yaml"


def _write(folder: Path, name: str, scene: figures.Scene, line: Line) -> None:
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    scene.picture.save(folder / "images" / f"{name}.jpg", quality=92)
    lines = [text for text in map(line, scene.figures) if text]
    (folder / "labels" / f"{name}.txt").write_text("\n".join(lines))


def _classes(folder: Path) -> Path:
    for i, scene in enumerate(figures.singles(1, PICTURES, (SIDE, SIDE))):
        [figure] = scene.figures
        target = folder / ("train" if i >= 60 else "val") / figures.NAMES[figure.kind]
        target.mkdir(parents=True, exist_ok=True)
        scene.picture.save(target / f"{i}.jpg", quality=92)
    return folder


def _box(figure: figures.Figure) -> str:
    return f"{figure.kind} {_joined(_center_size(figure))}"


def _outline(figure: figures.Figure) -> str:
    """Return the polygon around the mask."""
    mask = figure.mask.astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    points = max(outlines, key=len)[:, 0] / SIZE
    return f"{figure.kind} {_joined(points)}"


def _keypoints(figure: figures.Figure) -> str | None:
    """Return the box and the keypoints of a person, all of them visible."""
    if figure.keypoints is None:
        return None
    points = figure.keypoints / SIZE
    visible = np.full([len(points), 1], 2.0)
    return f"0 {_joined(_center_size(figure))} {_joined(np.hstack([points, visible]))}"


def _center_size(figure: figures.Figure) -> np.ndarray:
    left, top, right, bottom = figure.box
    values = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    return np.array(values) / (*SIZE, *SIZE)


def _corners(figure: figures.Figure) -> str:
    return f"{figure.kind} {_joined(figure.corners / SIZE)}"


def _joined(values: Any) -> str:
    return " ".join(f"{value:.5f}" for value in np.clip(values, 0, 2).ravel())


LINES: dict[str, Line] = {
    "detect": _box,
    "segment": _outline,
    "pose": _keypoints,
    "obb": _corners,
}
"""What a training wants to know about a figure, by the model's task."""


if __name__ == "__main__":
    main(sys.argv[1])
