"""How fast a model server answers calls of different sizes, one call after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from export.verification.report import Speed

_SECONDS = 0.5
_LEAST, _MOST = 5, 100


def measure(call: Callable[[int], object], batches: Sequence[int]) -> list[Speed]:
    """Half a second of calls for each batch size, and no fewer than five.

    call: makes one call with that many pictures.
    """
    return [_measure(call, batch) for batch in batches]


def _measure(call: Callable[[int], object], batch: int) -> Speed:
    call(batch)
    taken: list[float] = []
    began = time.perf_counter()
    while len(taken) < _LEAST or (len(taken) < _MOST and time.perf_counter() - began < _SECONDS):
        start = time.perf_counter()
        call(batch)
        taken.append(time.perf_counter() - start)
    p50, p95 = np.percentile(np.array(taken) * 1000, [50, 95])
    rate = batch * len(taken) / sum(taken)
    return Speed(batch, round(float(p50), 2), round(float(p95), 2), round(rate, 1))
