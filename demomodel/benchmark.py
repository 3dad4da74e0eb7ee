"""Measure how fast the served graph is, with TensorFlow's threads configured as on a server.

``python -m demomodel.benchmark CHECKPOINT`` prints the results as JSON.

Thread settings must be made before anything runs, so :func:`measure` starts a process of its own:
with one thread per operation and as many concurrent operations as there are cores, two concurrent
batches use two cores with less waiting than if each were split over both.
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

from demomodel import camera, scenes, source, weights
from demomodel.network import INPUT_SIZE
from export.errors import ExportError
from export.sources import checkpoints
from export.sources.checkpoints import Checkpoint

BATCHES = (1, 8, 16)
CALLS = 2
"""The number of concurrent calls."""

_SECONDS = 3.0

Speed = dict[str, Any]
"""The results.

``images_per_second`` by batch size with ``calls`` concurrent calls on ``cores`` cores, and
``alone_ms``, the median latency of one image without other calls; both for ``pixels`` and for
``jpeg_640x480``.
"""


def measure(checkpoint: Checkpoint) -> Speed:
    """Measure the checkpoint's graph, including non-maximum suppression, for half a minute."""
    command = [sys.executable, "-m", "demomodel.benchmark", str(checkpoint.prefix)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        raise ExportError(f"measuring the speed failed: {' '.join(command)}")
    speed: Speed = json.loads(done.stdout)
    return speed


def _measure(path: Path) -> Speed:
    servable = source.servable(weights.restore(checkpoints.find(path)))
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
            kind: {str(n): round(_throughput(call, inputs[:n])) for n in BATCHES}
            for kind, (call, inputs) in kinds.items()
        },
        "alone_ms": {kind: round(_latency_ms(*parts), 1) for kind, parts in kinds.items()},
    }


def _throughput(call: Callable[[Any], Any], inputs: np.ndarray) -> float:
    """Return images per second with ``CALLS`` concurrent calls of the batch ``inputs``."""
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


def _latency_ms(call: Callable[[Any], Any], inputs: np.ndarray) -> float:
    """Return the median duration of a call with one image in milliseconds."""
    seconds = []
    for number in range(200):
        at = number % len(inputs)
        one = tf.constant(inputs[at : at + 1])
        began = time.perf_counter()
        call(one)["num_detections"].numpy()
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds)) * 1000


def main() -> int:
    """Print the results for one checkpoint; errors print one line and return 1."""
    parser = argparse.ArgumentParser(
        prog="python -m demomodel.benchmark",
        description="Measure how fast a demo model checkpoint runs, and print JSON.",
    )
    parser.add_argument(
        "checkpoint", type=Path, metavar="CHECKPOINT", help="its directory or prefix"
    )
    path = parser.parse_args().checkpoint
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(os.cpu_count() or 1)
    try:
        print(json.dumps(_measure(path)))
    except ExportError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
