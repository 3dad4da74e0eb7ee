"""Cameras in front of several simulated model servers, on a clock of its own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.core.balancing import Balancer, Place, PlacedCall
from server.core.batch import Batch
from server.core.batching import Batcher
from server.core.concurrency import CallOutcome, ConcurrencyLimit
from server.core.slots import Slots
from tests.server.core.backends import make_ready
from tests.server.core.simulation import (
    LANE,
    STALENESS_S,
    WINDOW,
    Camera,
    FixedLimit,
    Server,
    World,
)


def cameras(count: int, fps: float) -> list[Camera]:
    return [Camera(f"camera-{number}", fps) for number in range(count)]


class Several(World):
    """A gateway between cameras and several model servers."""

    def __init__(self, servers: Sequence[Server], fleet: Sequence[Camera]) -> None:
        super().__init__(servers[0], FixedLimit(1), fleet)
        self.balancer = Balancer(lambda: Slots(ConcurrencyLimit()))
        self.servers = {self.balancer.add(str(n)): server for n, server in enumerate(servers)}
        self.places = list(self.servers)
        for place in self.places:
            make_ready(place)
        self.moved = 0
        self.set_aside: list[tuple[float, str]] = []
        self.batcher = Batcher(
            max_batch=16, slots=self.balancer, window=WINDOW, max_staleness_s=STALENESS_S
        )

    def _send(self, batch: Batch) -> None:
        """Send a batch to its place; once more if that fails or stalls, as a pool does."""
        place, started, frames = batch.call.place, self.clock.now, len(batch.members)
        over: list[bool] = []

        def end(outcome: CallOutcome) -> None:
            if not over:
                over.append(True)
                self._judge(place, outcome, frames, started)
                if outcome == "failed" and self._moves(batch):
                    self._send(batch)
                else:
                    self._finish(batch, outcome)

        def lose_patience() -> None:
            if over:
                return
            if self.balancer.fleet.stalled(place.health, started, patience_s, self.clock.now):
                self._note(place)
                end("failed")
            elif not place.health.serves:  # another of its calls was the first to say so
                end("failed")
            else:
                self.clock.at(self.clock.now + patience_s, lose_patience)

        patience_s = self.balancer.fleet.patience_s(LANE, frames, started)
        self.servers[place].serve(self.clock, self.rng, frames, end)
        self.clock.at(started + patience_s, lose_patience)
        self.clock.at(started + self.batcher.budget_s(batch.members, started), end, "expired")

    def _judge(self, place: Place, outcome: CallOutcome, frames: int, started: float) -> None:
        before = place.health.serves
        if outcome == "answered":
            place.frames += frames
            self.balancer.fleet.answered(place.health, LANE, frames, started, self.clock.now)
        elif outcome == "failed" and before:
            self.balancer.fleet.failed(place.health, started, self.clock.now)
        if before and not place.health.serves:
            self._note(place)

    def _note(self, place: Place) -> None:
        """A server is set aside; a check finds nothing wrong as soon as it may."""
        self.set_aside.append((self.clock.now, place.address))
        self.clock.at(place.health.retry_at, place.health.admit)

    def _moves(self, batch: Batch) -> bool:
        call: PlacedCall = batch.call
        moves = self.balancer.move(call, LANE, self.clock.now)
        self.moved += moves
        return moves


def best_of_one(server: Server) -> int:
    """What one server answers in a second of threefold overload."""
    return World(server, ConcurrencyLimit(), cameras(64, 30.0)).run(2.6).answered(1, 2)


def test_three_servers_answer_three_times_as_much() -> None:
    world = Several([Server(), Server(), Server()], cameras(192, 30.0)).run(2.6)
    assert world.answered(1, 2) >= 0.9 * 3 * best_of_one(Server())
    assert world.set_aside == []


def test_a_slower_server_gets_what_it_can_do() -> None:
    slow = {"fixed_s": 0.008, "frame_s": 0.0044}
    alone = best_of_one(Server()), best_of_one(Server(**slow))
    world = Several([Server(), Server(**slow)], cameras(128, 30.0)).run(3.6)
    assert world.answered(2, 3) >= 0.85 * sum(alone)


def test_light_load_is_spread_evenly() -> None:
    world = Several([Server(), Server(), Server()], cameras(8, 10.0)).run(20.6)
    frames = [place.frames for place in world.places]
    assert max(frames) - min(frames) <= 0.1 * sum(frames) / 3
    assert world.share(0, 20) == 1.0


@pytest.mark.parametrize("count", [2, 3, 8])
def test_a_server_that_stops_is_set_aside_within_a_second(count: int) -> None:
    stopped = Server(pauses=[(5.0, 25.0)])
    world = Several([stopped, *[Server() for _ in range(count - 1)]], cameras(8, 10.0)).run(10.6)
    assert {address for _, address in world.set_aside} == {"0"}
    assert 5.0 < world.set_aside[0][0] < 6.0
    assert world.moved >= 1
    assert world.share(0, 10) == 1.0, "its batches are answered elsewhere"
    assert world.age_s(0.9, 6, 10) <= 2 * world.age_s(0.9, 0, 5)


def test_a_server_that_becomes_slow_is_set_aside() -> None:
    slow = Server(slower=(5.0, 25.0, 20.0))
    world = Several([slow, Server(), Server()], cameras(8, 10.0)).run(10.6)
    assert world.set_aside
    assert {address for _, address in world.set_aside} == {"0"}
    assert world.share(0, 10) == 1.0


def test_a_server_that_fails_costs_no_frame() -> None:
    failing = Server(failures=[(5.0, 25.0)])
    world = Several([failing, Server(), Server()], cameras(8, 10.0)).run(10.6)
    assert world.share(0, 10) == 1.0
    assert {address for _, address in world.set_aside} == {"0"}


def test_servers_that_slow_down_together_are_not_set_aside() -> None:
    servers = [Server(slower=(5.0, 25.0, 10.0)) for _ in range(3)]
    world = Several(servers, cameras(8, 10.0)).run(10.6)
    assert world.set_aside == []
