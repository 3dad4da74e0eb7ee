"""Measure how fast a model server answers consecutive calls of different batch sizes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from export.verification.report import Speed

_SECONDS = 0.5
_LEAST_CALLS, _MOST_CALLS = 5, 100


def measure(call: Callable[[int], object], batches: Sequence[int]) -> list[Speed]:
    """Measure half a second of calls for each batch size, but at least five.

    ``call``: make one call with the given number of images.
    """
    return [_measure(call, batch) for batch in batches]


def _measure(call: Callable[[int], object], batch: int) -> Speed:
    call(batch)
    seconds: list[float] = []
    began = time.perf_counter()
    while len(seconds) < _LEAST_CALLS or (
        len(seconds) < _MOST_CALLS and time.perf_counter() - began < _SECONDS
    ):
        start = time.perf_counter()
        call(batch)
        seconds.append(time.perf_counter() - start)
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    rate = batch * len(seconds) / sum(seconds)
    return Speed(batch, round(float(p50), 2), round(float(p95), 2), round(rate, 1))
