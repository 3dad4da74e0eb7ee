"""Everything on one machine, simulated: cameras, gateways and a model server share its cores.

Each gateway is one thread, and so is the load generator: what they do happens one piece after
the other, and takes time from the model server's calls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from server.core.batch import Batch
from server.core.concurrency import CallOutcome
from tests.capacity.fleet import Gateway, ModelServer
from tests.server.core.simulation import Camera, Clock, SharedServer


@dataclass(frozen=True)
class Costs:
    """CPU time in seconds: of a call and each of its frames, at each of the three."""

    model_call_s: float
    model_frame_s: float
    gateway_call_s: float
    gateway_frame_s: float
    camera_frame_s: float


class Machine(SharedServer):
    """Cores that all threads share equally."""

    def run(self, clock: Clock, work_s: float, done: Callable[[], None]) -> None:
        """Call ``done`` after ``work_s`` seconds of CPU time."""
        self._work(clock, work_s, 0.0, lambda outcome: done())


class Thread:
    """Does one piece of work after the other."""

    def __init__(self, machine: Machine, clock: Clock) -> None:
        self._machine, self._clock = machine, clock
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._busy = False

    def do(self, work_s: float, done: Callable[[], None]) -> None:
        """Call ``done`` after ``work_s`` seconds of CPU time, once all earlier work is done."""
        self._waiting.append((work_s, done))
        if not self._busy:
            self._next()

    def _next(self) -> None:
        self._busy = bool(self._waiting)
        if self._busy:
            work_s, done = self._waiting.popleft()
            self._machine.run(self._clock, work_s, partial(self._done, done))

    def _done(self, done: Callable[[], None]) -> None:
        done()
        self._next()


class LocalModelServer(ModelServer):
    """The embedded model server, on the machine."""

    def __init__(self, machine: Machine, costs: Costs) -> None:
        super().__init__(machine.cores + 1, fixed_s=costs.model_call_s, frame_s=costs.model_frame_s)
        self._machine = machine

    def _run(self, clock: Clock, work: float, ended: Callable[[str], None]) -> None:
        self._machine.run(clock, work, partial(ended, "answered"))


class LocalGateway(Gateway):
    """A gateway whose every step takes its thread's time; its cameras share ``cameras_thread``."""

    def __init__(
        self, *arguments: Any, machine: Machine, cameras_thread: Thread, costs: Costs
    ) -> None:
        super().__init__(*arguments)
        self._costs = costs
        self._cameras_thread = cameras_thread
        self._thread = Thread(machine, self.clock)

    def _capture(self, camera: Camera) -> None:
        arrive = partial(self._thread.do, self._costs.gateway_frame_s / 2)
        receive = partial(super()._capture, camera)
        self._cameras_thread.do(self._costs.camera_frame_s, partial(arrive, receive))

    def _send(self, batch: Batch) -> None:
        self._thread.do(self._costs.gateway_call_s / 2, partial(super()._send, batch))

    def _finish(self, batch: Batch, outcome: CallOutcome) -> None:
        costs = self._costs
        work_s = (costs.gateway_call_s + len(batch.members) * costs.gateway_frame_s) / 2
        self._thread.do(work_s, partial(super()._finish, batch, outcome))
