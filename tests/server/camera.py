"""A client inside the process: a peer of the gateway that remembers what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from server.core.errors import FramewireError
from server.core.messages import (
    Dropped,
    Error,
    Hello,
    Options,
    Outcome,
    Result,
    ServerMessage,
    Welcome,
)
from server.runtime.gateway import Gateway
from server.runtime.metrics import Metrics
from tests.server.puppet import Call, PuppetBackend
from tests.server.samples import frame

PATIENCE_S = 20.0


class Camera:
    """One session. ``messages`` holds all that came, in order."""

    def __init__(self, gateway: Gateway) -> None:
        self.messages: list[ServerMessage] = []
        self.closed: tuple[int, str] | None = None
        self._gateway = gateway
        self._news = asyncio.Event()
        self.session = gateway.connect(self)

    # What the gateway sees

    def send(self, message: ServerMessage) -> None:
        """A message came."""
        self.messages.append(message)
        self._news.set()

    def close(self, code: int, reason: str) -> None:
        """The gateway ends the session; the socket's end follows, as it would."""
        self.closed = (code, reason)
        self._news.set()
        asyncio.get_running_loop().call_soon(self.leave)

    # What the test does

    async def open(self, options: Options | None = None) -> Camera:
        """Say hello and wait for the welcome."""
        self._gateway.receive(self.session, Hello(options or Options()))
        await self.until(lambda: any(isinstance(m, Welcome) for m in self.messages))
        return self

    def shoot(self, frame_id: int, data: bytes | None = None) -> None:
        """Send a frame."""
        self._gateway.receive(self.session, frame(frame_id, data=data))

    async def shoot_alone(self, puppet: PuppetBackend, frame_id: int) -> Call:
        """Send a frame in a call of its own; those that arrive together share one."""
        self.shoot(frame_id)
        return await puppet.next_call()

    def refuse(self, error: FramewireError, frame_id: int | None) -> None:
        """Send something unusable."""
        self._gateway.refuse(self.session, error, frame_id)

    def leave(self) -> None:
        """The socket is gone."""
        self._gateway.disconnect(self.session)

    @property
    def outcomes(self) -> dict[int, Outcome]:
        """What became of each frame; fails where one was told twice."""
        found: dict[int, Outcome] = {}
        for message in self.messages:
            if isinstance(message, Result | Dropped | Error) and message.id is not None:
                assert message.id not in found, f"two outcomes: {found[message.id]}, {message}"
                found[message.id] = message
        return found

    async def outcome(self, frame_id: int) -> Outcome:
        """Wait for what becomes of a frame."""
        await self.until(lambda: frame_id in self.outcomes)
        return self.outcomes[frame_id]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until ``true()`` holds; asked again whenever a message comes."""
        while not true():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), PATIENCE_S)


def word(outcome: Outcome) -> str:
    """An outcome in one word: ``result``, a drop's reason or an error's code."""
    if isinstance(outcome, Result):
        return "result"
    return outcome.reason if isinstance(outcome, Dropped) else outcome.code


def accounts(gateway: Gateway) -> tuple[float, dict[str, float]]:
    """Accepted frames, and their outcomes by word, as /metrics tells them."""
    accepted, words = 0.0, {}
    for metric in Metrics(gateway).registry.collect():
        for sample in metric.samples:
            if sample.name == "framewire_frames_accepted_total":
                accepted = sample.value
            elif sample.name == "framewire_frames_total":
                words[sample.labels["reason"] or sample.labels["outcome"]] = sample.value
    return accepted, {name: value for name, value in words.items() if value}


def assert_balanced(gateway: Gateway) -> None:
    """Every accepted frame has had exactly one outcome."""
    accepted, words = accounts(gateway)
    assert accepted == sum(words.values()), words
