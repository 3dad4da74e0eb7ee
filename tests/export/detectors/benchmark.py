"""The processor time of decoding and suppression: ``python -m tests.export.detectors.benchmark``.

The heads have the size of published models, and random values. In one column a trained model's
scores, of which about 50 exceed 0.05; in the other, all do, which is the worst case.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from export.detectors.decoded import decoded
from export.detectors.options import DecodeOptions
from export.tasks.selection import select_task
from export.tasks.task import Task, TaskOptions

RUNS = 30
Probe = dict[str, np.ndarray]
RANDOM = np.random.default_rng(1)


def scores(anchors: int, classes: int, busy: bool) -> np.ndarray:
    """Return scores ``[1, A, C]``: a few clear ones, or all above the threshold."""
    values = RANDOM.uniform(0.06 if busy else 0, 1 if busy else 0.04, (1, anchors, classes))
    if not busy:
        at = RANDOM.integers(0, anchors, 50), RANDOM.integers(0, classes, 50)
        values[0][at] = RANDOM.uniform(0.1, 1, 50)
    return values.astype(np.float32)


def boxes(anchors: int) -> np.ndarray:
    return RANDOM.uniform(0, 0.5, (1, anchors, 4)).astype(np.float32)


def cases(
    busy: bool,
) -> Iterator[tuple[str, DecodeOptions | TaskOptions, Probe, tuple[int, int]]]:
    """Yield name, options, heads, and the size of the input."""
    eighty = np.concatenate([boxes(8400), scores(8400, 80, busy)], axis=-1)
    five = np.concatenate(
        [boxes(25200), np.ones((1, 25200, 1), np.float32), scores(25200, 80, busy)], axis=-1
    )
    square = (640, 640)
    yield "YOLOv8, 640x640, 80 classes", DecodeOptions("yolo"), {"o": eighty}, square
    across = DecodeOptions("yolo", agnostic=True)
    yield "the same with `--agnostic-nms`", across, {"o": eighty}, square
    yield "YOLOv5, 640x640, 80 classes", DecodeOptions("yolo"), {"o": five}, square
    weights = RANDOM.normal(0, 1, (1, 8400, 32)).astype(np.float32)
    prototypes = RANDOM.normal(0, 1, (1, 160, 160, 32)).astype(np.float32)
    segments = {"o": np.concatenate([eighty, weights], axis=-1), "p": prototypes}
    yield "YOLOv8 with masks of 28x28", DecodeOptions("yolo"), segments, square
    ssd = {"boxes": boxes(8732), "scores": scores(8732, 20, busy)}
    yield "SSD-300, 20 classes", DecodeOptions("ssd", anchors="ssd300"), ssd, (300, 300)
    net = {"boxes": boxes(49104), "scores": scores(49104, 90, busy)}
    yield "EfficientDet, 512x512, 90 classes", DecodeOptions("efficientdet"), net, (512, 512)
    maps = {
        "hm": scores(128 * 128, 80, busy).reshape(1, 128, 128, 80),
        "wh": RANDOM.uniform(1, 20, (1, 128, 128, 2)).astype(np.float32),
        "reg": RANDOM.uniform(0, 1, (1, 128, 128, 2)).astype(np.float32),
    }
    yield "CenterNet, 512x512, 80 classes", DecodeOptions("centernet"), maps, (512, 512)
    rows = np.concatenate([boxes(300), scores(300, 1, busy), np.ones((1, 300, 1))], axis=-1)
    end = DecodeOptions("end-to-end", columns=("box", "score", "class"))
    rows = rows.astype(np.float32)
    yield "end-to-end, 300 rows", end, {"o": rows}, square
    long = {"o": np.concatenate([rows, weights[:, :300]], axis=-1), "p": prototypes}
    yield "end-to-end, 300 rows, masks of 28x28", end, long, square
    own = {"boxes": boxes(300), "scores": scores(300, 80, busy)}
    yield "`--nms`, 300 boxes, 80 classes", TaskOptions(suppress=True), own, square
    masked = {**own, "mask_coefficients": weights[:, :300], "prototypes": prototypes}
    yield "the same, masks of 28x28", TaskOptions(suppress=True), masked, square
    angles = RANDOM.uniform(0, 1.5, (1, 8400, 1)).astype(np.float32)
    rotated = np.concatenate([boxes(8400), scores(8400, 15, busy), angles], axis=-1)
    yield "rotated boxes, 640x640, 15 classes", DecodeOptions("yolo-obb"), {"o": rotated}, square


def milliseconds(
    options: DecodeOptions | TaskOptions, probe: Probe, size: tuple[int, int]
) -> float:
    """Return the processor time for one image, of all threads: the median of ``RUNS`` runs."""
    if isinstance(options, TaskOptions):
        task: Task = select_task(probe, options)
    else:
        task = decoded(probe, options, size, 1)
    graph = tf.function(lambda outputs: task(outputs, tf.constant(size)))
    outputs = {name: tf.constant(value) for name, value in probe.items()}
    graph(outputs)
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        {name: value.numpy() for name, value in graph(outputs).items()}
        times.append(time.process_time() - started)
    return 1000 * float(np.median(times))


def main() -> None:
    print("| heads | trained | worst case |\n|---|---|---|")
    for few, many in zip(cases(busy=False), cases(busy=True), strict=True):
        print(f"| {few[0]} | {milliseconds(*few[1:]):.1f} ms | {milliseconds(*many[1:]):.1f} ms |")


if __name__ == "__main__":
    main()
