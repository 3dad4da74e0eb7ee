"""Sends recorded sessions again, byte for byte and with their timing."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack

from framewire.client.waiting import within
from framewire.recording import RecordedFrame, RecordedSession
from loadtest import websocket
from loadtest.cameras.outcome import KINDS
from loadtest.cameras.probe import explain
from loadtest.cameras.target import Target
from loadtest.connection import Connection

LEAD_S = 0.5
"""How long before its first frame a session connects."""
SETTLE_S = 5.0
"""How long the last outcomes are waited for."""


@dataclass
class Replayed:
    """A recorded frame, and what came of it this time.

    ``late_ms``: how much later than due it was sent; None: it was not sent. ``outcome``: the frame
    as it would be recorded now; None: no outcome arrived.
    """

    recorded: RecordedFrame
    late_ms: float | None = None
    outcome: RecordedFrame | None = None


@dataclass
class Run:
    """All frames that were sent again, and the sessions that failed, by the reason.

    ``stopped``: only those frames that were due before the replay was stopped.
    """

    frames: list[Replayed] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    stopped: bool = False


async def play(
    sessions: Mapping[str, Sequence[RecordedFrame]],
    target: Target,
    speed: float = 1.0,
    stop: asyncio.Event | None = None,
) -> Run:
    """Send all sessions again, ``speed`` times as fast as they were.

    Once ``stop`` is set, no more frames are sent, and the last outcomes are awaited.
    """
    loop, stop = asyncio.get_running_loop(), stop or asyncio.Event()
    first = min(frames[0].at for frames in sessions.values())
    begin = loop.time() + LEAD_S

    def due(frame: RecordedFrame) -> float:
        return begin + (frame.at - first) / speed

    run = Run()
    players = [
        _Player(number, frames, target, due, run, stop)
        for number, frames in enumerate(sessions.values())
    ]
    playing: asyncio.Future[Any] = asyncio.gather(*(player.play() for player in players))
    stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopped_at = loop.time() if stop.is_set() else math.inf
    stopping.cancel()
    await playing
    entries = [entry for player in players for entry in player.entries]
    run.frames = [entry for entry in entries if due(entry.recorded) <= stopped_at]
    run.stopped = stop.is_set()
    return run


class _Session(Connection):
    """A connection that passes on what it receives."""

    def __init__(
        self,
        greeting: bytes,
        on_message: Callable[[dict[str, Any]], None],
        on_lost: Callable[[], None],
    ) -> None:
        super().__init__(greeting)
        self.lost = False
        self._handle = on_message
        self._on_lost = on_lost

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        payload = msgpack.packb(message)
        self._transport.writelines([websocket.header(len(payload)), payload])

    def _on_message(self, message: dict[str, Any]) -> None:
        self._handle(message)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.lost = True
        self._on_lost()


class _Player:
    """Plays one session. ``due`` returns when a frame is to be sent, on the loop's clock."""

    def __init__(
        self,
        number: int,
        frames: Sequence[RecordedFrame],
        target: Target,
        due: Callable[[RecordedFrame], float],
        run: Run,
        stop: asyncio.Event,
    ) -> None:
        self.entries = [Replayed(frame) for frame in frames]
        self._loop = asyncio.get_running_loop()
        self._number = number
        self._target = target
        self._due = due
        self._run = run
        self._stop = stop
        self._options = _options(frames[0].session, target)
        self._session = RecordedSession("", self._options)
        self._waiting: dict[int, tuple[float, Replayed]] = {}
        self._settled = asyncio.Event()

    async def play(self) -> None:
        """Connect, send each frame when it is due, and wait for the last outcomes."""
        await self._sleep_until(self._due(self.entries[0].recorded) - LEAD_S)
        session = None if self._stop.is_set() else await self._connect()
        if session is None:
            return
        for entry in self.entries:
            await self._sleep_until(self._due(entry.recorded))
            if session.lost or self._stop.is_set():
                break
            self._send(session, entry)
        await self._settle(session)
        if session.lost:
            self._run.failures[session.ended] += 1
        session.leave()

    async def _connect(self) -> _Session | None:
        greeting = self._target.greeting(self._options)
        session: _Session | None = None
        try:
            session = await self._target.connect(
                lambda: _Session(greeting, self._on_message, self._settled.set), self._number
            )
            await session.opened()
        except OSError as error:
            self._run.failures[explain(error, self._target, seen=True)] += 1
            if session is not None:
                session.leave()
            return None
        return session

    def _send(self, session: _Session, entry: Replayed) -> None:
        frame = entry.recorded
        options = _options(frame.session, self._target)
        changes = {
            name: value for name, value in options.items() if self._options.get(name) != value
        }
        if changes:
            session.send({"type": "configure", **changes})
            self._options = {**self._options, **changes}
        now = self._loop.time()
        entry.late_ms = max(0.0, now - self._due(frame)) * 1000
        self._waiting[frame.id] = now, entry
        session.send(frame.message)

    async def _settle(self, session: _Session) -> None:
        if not self._waiting or session.lost:
            return
        self._settled.clear()
        settled = asyncio.ensure_future(self._settled.wait())
        await asyncio.wait({settled}, timeout=SETTLE_S)
        settled.cancel()

    def _on_message(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind in ("welcome", "model_changed"):
            self._session = RecordedSession("", self._options, message.get("model"))
        elif kind in KINDS and message.get("id") in self._waiting:
            sent, entry = self._waiting.pop(message["id"])
            after_ms = (self._loop.time() - sent) * 1000
            entry.outcome = RecordedFrame(
                self._session, sent, entry.recorded.message, message, after_ms
            )
            if not self._waiting:
                self._settled.set()

    async def _sleep_until(self, at: float) -> None:
        """Sleep until then, or until the replay is stopped."""
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self._stop.wait(), max(0.0, at - self._loop.time()))


def _options(session: RecordedSession, target: Target) -> dict[str, Any]:
    """Return what a session asks for: as recorded, unless the target says otherwise."""
    options = dict(session.options)
    if target.model is not None or target.label is not None:
        for name in ("model", "label", "version"):
            options.pop(name, None)
        wanted = {"model": target.model, "label": target.label}
        options |= {name: value for name, value in wanted.items() if value is not None}
    if target.then is not None:
        options["then"] = target.then
    return options
