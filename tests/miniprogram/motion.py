"""``python -m tests.miniprogram.motion``: how well the phone's boxes sit when results are late.

As ``tests.e2e.motion``, on a simulated phone: its camera plays the same film, and its preview is
native, so it shows the film's present frame whatever the network does. Exits with 1 if live boxes
sit worse than they should.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from loadtest.stack import ROOT, Stack
from tests.e2e import moving_film
from tests.e2e.motion import LEAST, WARM_UP_S, Fit, delayed, fit
from tests.miniprogram.handset import Phone
from tests.miniprogram.packages import install

HERE = Path(__file__).parent
PREVIEW = (640, 480)
FRAME = (320, 240)
LOOK_EVERY_S = 0.05
LEAST_OPACITY = 0.5


def write(path: Path) -> Path:
    """Write the film as a phone's camera delivers it: frames in RGBA."""
    with path.open("wb") as film:
        for frame in range(moving_film.FRAMES):
            picture = moving_film.picture(frame).resize(FRAME).convert("RGBA")
            film.write(np.asarray(picture).tobytes())
    return path


def measure(folder: Path, film: Path, url: str, boxes: str, seconds: float) -> Fit:
    """Open the live page with boxes ``live`` or ``exact`` and compare them with the truth."""
    node = shutil.which("node")
    assert node is not None
    with Phone(node, HERE, folder) as phone:
        phone.tell("phone", folder=str(folder), preview=_size(PREVIEW))
        stored = {"server": url, "boxes": boxes, "frameSize": "small"}
        phone.tell("remember", key="framewire.settings", value=stored)
        phone.tell("film", file=str(film), frameMs=moving_film.FRAME_MS, **_size(FRAME))
        phone.tell("open", page="live")
        phone.until(lambda seen: seen["data"]["cameraOn"], "allowed to use the camera")
        phone.tell("call", method="cameraReady")
        phone.until(lambda seen: seen["answer"] and seen["answer"]["boxes"], "boxes")
        time.sleep(WARM_UP_S)
        return fit(_samples(phone, seconds))


def _size(size: tuple[int, int]) -> dict[str, int]:
    return {"width": size[0], "height": size[1]}


def _samples(phone: Phone, seconds: float) -> list[dict[str, Any]]:
    samples = []
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        seen = phone.look()
        frame = seen["filmFrame"]
        received = (seen["answer"] or {"boxes": []})["boxes"]
        boxes = {"drawn": drawn(seen), "received": received}
        samples.append({"shown": frame, "camera": frame, **boxes})
        time.sleep(LOOK_EVERY_S)
    return samples


def drawn(seen: dict[str, Any]) -> list[list[float]]:
    """Return the boxes on the overlay, in 0..1 of the preview, which the frame fills."""
    width, height = PREVIEW
    return [
        [
            stroke["x"] / width,
            stroke["y"] / height,
            (stroke["x"] + stroke["width"]) / width,
            (stroke["y"] + stroke["height"]) / height,
        ]
        for stroke in seen["strokes"]
        if stroke["colour"].startswith("#") and stroke["opacity"] >= LEAST_OPACITY
    ]


def run(models: Path, delays_ms: Sequence[int], seconds: float) -> bool:
    """Measure and print a table. Returns whether live boxes sit as well as they should."""
    print("| added delay | live | exact |\n|---|---|---|")
    holds = True
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        film = write(folder / "moving.rgba")
        servers = stack.enter_context(Stack(models))
        for delay_ms in delays_ms:
            with delayed(servers.port, delay_ms) as url:
                live, exact = (
                    measure(folder, film, url, boxes, seconds).drawn for boxes in ("live", "exact")
                )
            print(f"| {delay_ms} ms | {live:.2f} | {exact:.2f} |", flush=True)
            holds = holds and live >= LEAST.get(delay_ms, 0)
    return holds


def main(arguments: Sequence[str]) -> int:
    """Run the command. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.miniprogram.motion",
        description="Measure how well the mini-program's boxes sit when results are late.",
    )
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="FOLDER")
    parser.add_argument("--delays", type=int, nargs="+", default=list(LEAST), metavar="MS")
    parser.add_argument("--seconds", type=float, default=24.0, metavar="N")
    options = parser.parse_args(arguments)
    npm = shutil.which("npm")
    if npm is None:
        parser.error("npm is not installed; .ci/run installs it")
    install(npm)
    return 0 if run(options.models, options.delays, options.seconds) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
