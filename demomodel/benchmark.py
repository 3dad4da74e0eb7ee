"""How fast the served graph is, with TensorFlow's threads set as a server sets them.

Those can be set only once a process, before anything runs, so `measure` has a process of its own
do the work: one thread for each operation and as many operations at once as there are cores.
Two batches under way then use two cores, with less waiting than if each were split over both.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from demomodel import camera, scenes, weights
from demomodel import source as digits
from demomodel.network import INPUT_SIZE
from export.errors import ExportError
from export.sources.checkpoints import Checkpoint

BATCHES = (1, 8, 16)
CALLS = 2
"""Calls under way at the same time."""

_SECONDS = 3.0

Speed = dict[str, Any]
"""`images_per_second` and `alone_ms` (the median of one picture with nothing else under way), each
for `pixels` and for `jpeg_640x480`; `calls` and `cores` that the former had."""


def measure(source: Checkpoint) -> Speed:
    """Measures the checkpoint's graph, non-maximum suppression included; takes half a minute."""
    command = [sys.executable, "-m", "demomodel.benchmark", str(source.prefix)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        raise ExportError(f"measuring the speed failed: {' '.join(command)}")
    return json.loads(done.stdout)


def _measure(prefix: str) -> Speed:
    servable = digits.servable(weights.restore(Checkpoint(Path(prefix))))
    jpegs = [camera.jpeg(scenes.render((3, i)).picture, 80) for i in range(max(BATCHES))]
    noise = np.random.default_rng(0).integers(0, 256, (INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    kinds = {
        "pixels": (servable.from_pixels, np.stack([noise] * max(BATCHES))),
        "jpeg_640x480": (servable.from_bytes, np.array(jpegs, object)),
    }
    return {
        "cores": os.cpu_count(),
        "calls": CALLS,
        "images_per_second": {
            kind: {str(n): round(_rate(call, inputs[:n])) for n in BATCHES}
            for kind, (call, inputs) in kinds.items()
        },
        "alone_ms": {kind: round(_alone(*parts), 1) for kind, parts in kinds.items()},
    }


def _rate(call: Callable[[Any], Any], inputs: np.ndarray) -> float:
    """Pictures a second with CALLS calls of that batch under way at any time."""
    batch = tf.constant(inputs)
    for _ in range(3):
        call(batch)
    done = [0] * CALLS
    began = time.perf_counter()

    def keep_calling(caller: int) -> None:
        while time.perf_counter() - began < _SECONDS:
            call(batch)["num_detections"].numpy()
            done[caller] += len(inputs)

    callers = [threading.Thread(target=keep_calling, args=(i,)) for i in range(CALLS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return sum(done) / (time.perf_counter() - began)


def _alone(call: Callable[[Any], Any], inputs: np.ndarray) -> float:
    """The median of one call with one picture, in milliseconds."""
    taken = []
    for number in range(200):
        at = number % len(inputs)
        one = tf.constant(inputs[at : at + 1])
        began = time.perf_counter()
        call(one)["num_detections"].numpy()
        taken.append(time.perf_counter() - began)
    return float(np.median(taken)) * 1000


def main() -> int:
    """Prints the figures of one checkpoint; the exit status is 1 after an error in one line."""
    parser = argparse.ArgumentParser(
        prog="python -m demomodel.benchmark",
        description="Prints as JSON how fast a demo model runs.",
    )
    parser.add_argument("prefix", metavar="CHECKPOINT", help="a checkpoint's prefix")
    prefix = parser.parse_args().prefix
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(os.cpu_count() or 1)
    try:
        print(json.dumps(_measure(prefix)))
    except ExportError as error:
        print(f"export: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
