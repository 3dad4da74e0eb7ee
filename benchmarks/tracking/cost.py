"""``python -m benchmarks.tracking.cost``: what tracking costs, in µs of one processor per frame.

Boxes drift, are a little off, and come in the order of their scores, which change with every
frame. This needs none of the packages of the comparison.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Iterator

from server.core.answers import Detections
from server.core.tracking.options import TrackingOptions
from server.core.tracking.tracker import Tracker

FPS = 30
FRAMES = 300
ROUNDS = 7
SIZE = 0.06
BOUNDS = {10: 15.0, 50: 60.0}
"""For a number of boxes, what a frame may cost."""


def main() -> None:
    """Print the median frame of each number of boxes, and the slowest tenth."""
    print("| boxes | median | 90th percentile | bound |\n|---|---|---|---|")
    for boxes, bound in BOUNDS.items():
        costs = sorted(measure(boxes))
        median, slow = statistics.median(costs), costs[len(costs) * 9 // 10]
        print(f"| {boxes} | {median:.1f} µs | {slow:.1f} µs | {bound:.0f} µs |")


def measure(boxes: int) -> list[float]:
    """Return the cost of each frame in µs: the least of several rounds."""
    costs = [float("inf")] * FRAMES
    for _ in range(ROUNDS):
        tracker = Tracker(TrackingOptions(), itertools.count(1))
        for number, answer in enumerate(_drifting(boxes)):
            before = time.perf_counter()
            tracker.update(answer, number / FPS)
            costs[number] = min(costs[number], (time.perf_counter() - before) * 1e6)
    return costs


def _drifting(boxes: int) -> Iterator[Detections]:
    chance = random.Random(1)
    places = [[chance.uniform(0, 1 - SIZE) for _ in range(2)] for _ in range(boxes)]
    speeds = [[chance.gauss(0, 0.1) for _ in range(2)] for _ in range(boxes)]
    for _ in range(FRAMES):
        for place, speed in zip(places, speeds, strict=True):
            for axis in (0, 1):
                place[axis] += speed[axis] / FPS
                if not 0 < place[axis] < 1 - SIZE:
                    speed[axis] = -speed[axis]
        entries = [(chance.uniform(0.6, 0.95), _box(place, chance)) for place in places]
        entries.sort(reverse=True)
        scores, found = [score for score, _ in entries], [box for _, box in entries]
        yield Detections(found, scores, [1] * boxes)


def _box(place: list[float], chance: random.Random) -> list[float]:
    x, y = (value + chance.gauss(0, 0.02 * SIZE) for value in place)
    return [x, y, x + SIZE, y + SIZE]


if __name__ == "__main__":
    main()
