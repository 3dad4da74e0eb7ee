"""How long a step takes, relative to a loop in pure Python that is timed beside it.

The ratio of the two says little about the machine's speed, and much about the step. Each is
run often and briefly, in turns, and only its least time counts: other work on the machine can
make a run longer, never shorter.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

ROUNDS = 150
_COUNT = 3_000
_COPIED = bytes(40_000)


def ratio(step: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the least time of ``step``, relative to that of the loop."""
    of_step = of_loop = math.inf
    for _ in range(rounds):
        of_loop = min(of_loop, _seconds(loop))
        of_step = min(of_step, _seconds(step))
    return of_step / of_loop


def loop() -> int:
    """Do what Python mostly does: calls, attributes, containers, numbers and copies of bytes."""
    table: dict[int, tuple[int, int]] = {}
    total = 0
    for number in range(_COUNT):
        table[number & 63] = (number, total)
        total += len(table) + _step(number)
        if not number & 63:
            total += len(bytes(memoryview(_COPIED)))
    return total


def _step(number: int) -> int:
    return number & 7 if number.bit_length() > 2 else 1


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
