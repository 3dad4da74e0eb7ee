"""Which worker gets the next connection."""

from __future__ import annotations

import random

from server.workers.spread import Spread


def test_sessions_come_and_go_and_stay_even() -> None:
    dice, spread, loads = random.Random(1), Spread(), dict.fromkeys(range(4), 0)
    for _ in range(1000):
        worker = spread.ranked(loads)[0]
        spread.chose(worker)
        loads[worker] += 1
        if sum(loads.values()) > 64:
            loads[dice.choice([one for one in loads if loads[one]])] -= 1
    assert max(loads.values()) - min(loads.values()) <= 0.2 * 16


def test_equals_take_turns() -> None:
    spread = Spread()
    order = []
    for _ in range(6):
        order.append(spread.ranked({0: 0, 1: 0, 2: 0})[0])
        spread.chose(order[-1])
    assert order == [0, 1, 2, 0, 1, 2]


def test_a_new_worker_gets_connections_until_it_has_caught_up() -> None:
    spread, loads = Spread(), {0: 20, 1: 0}
    for _ in range(20):
        worker = spread.ranked(loads)[0]
        spread.chose(worker)
        loads[worker] += 1
    assert loads == {0: 20, 1: 20}
