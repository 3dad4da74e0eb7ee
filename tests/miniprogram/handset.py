"""A simulated phone with the mini-program, controlled by tests."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

from demomodel.scenes import Scene
from tests.e2e.film import overlap

PATIENCE_S = 60.0
ANSWER_S = 30.0
LEAST_OVERLAP = 0.5
PREVIEW = (375.0, 667.0)
"""Width and height of the phone's preview, in CSS pixels."""
LOOK_EVERY_S = 0.05

Place = tuple[float, float, float, float]
"""x, y, width, height in CSS pixels of the preview."""


class Phone:
    """A Node process that takes one command per line and replies with one line each."""

    def __init__(self, node: str, packages: Path, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [node, "phone/main.mjs"],
            cwd=packages,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Phone:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def tell(self, act: str, **details: Any) -> Any:
        """Send a command and return its result."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"act": act, **details}) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_S)
        assert ready, f"the phone did not reply to {act}"
        line = self._process.stdout.readline()
        assert line, "the phone's process has exited"
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def point(self, picture: Image.Image) -> None:
        """Point the camera at a picture: its frames are that picture in RGBA."""
        path = self._folder / "frame.rgba"
        path.write_bytes(np.asarray(picture.convert("RGBA")).tobytes())
        self.tell("point", file=str(path), width=picture.width, height=picture.height)

    def look(self) -> dict[str, Any]:
        """Return what the page shows and its state."""
        seen: dict[str, Any] = self.tell("look")
        return seen

    def until(
        self, holds: Callable[[dict[str, Any]], Any], what: str, patience_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """Poll until a condition holds, and return what was seen then."""
        deadline = time.monotonic() + patience_s
        while True:
            seen = self.look()
            if holds(seen):
                return seen
            seen.pop("encodings", None)
            seen["data"].pop("t", None)
            assert time.monotonic() < deadline, f"never {what}: {seen}"
            time.sleep(LOOK_EVERY_S)

    def until_status(self, name: str) -> dict[str, Any]:
        """Wait until the page is in a state."""
        return self.until(lambda seen: seen["data"]["status"]["name"] == name, name)


def digits_drawn(seen: dict[str, Any]) -> list[tuple[int, Place]]:
    """Read the digits and their boxes from the overlay's strokes and texts."""
    # Every box is stroked twice: a dark edge, then its colour.
    boxes = [stroke for stroke in seen["strokes"] if stroke["colour"].startswith("#")]
    names = [int(text["text"].split()[0]) for text in seen["texts"]]
    return [
        (name, (box["x"], box["y"], box["width"], box["height"]))
        for name, box in zip(names, boxes, strict=True)
    ]


def live(phone: Phone, picture: Image.Image, front: bool = False) -> None:
    """Open the live page and point the camera at a picture."""
    phone.point(picture)
    phone.tell("open", page="live")
    phone.until(lambda seen: seen["data"]["cameraOn"], "allowed to use the camera")
    phone.tell("call", method="cameraReady")
    if front:
        phone.tell("call", method="flip")


def on_preview(scene: Scene, mirrored: bool = False) -> list[tuple[int, tuple[float, ...]]]:
    """Map a scene's digits to a preview that its picture fills."""
    width, height = scene.picture.size
    scale = max(PREVIEW[0] / width, PREVIEW[1] / height)
    left, top = (PREVIEW[0] - scale * width) / 2, (PREVIEW[1] - scale * height) / 2
    places = []
    for label, (y0, x0, y1, x1) in zip(scene.labels, scene.boxes.tolist(), strict=True):
        x0, x1 = (1 - x1, 1 - x0) if mirrored else (x0, x1)
        corners = (x0 * width, y0 * height, x1 * width, y1 * height)
        box = tuple(scale * side + (left, top)[i % 2] for i, side in enumerate(corners))
        places.append((int(label), box))
    return places


def drawn_right(seen: dict[str, Any], wanted: list[tuple[int, tuple[float, ...]]]) -> bool:
    drawn = [(name, (x, y, x + w, y + h)) for name, (x, y, w, h) in digits_drawn(seen)]
    if len(drawn) != len(wanted):
        return False
    return all(
        any(name == label and overlap(box, place) >= LEAST_OVERLAP for name, box in drawn)
        for label, place in wanted
    )
