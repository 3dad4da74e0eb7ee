"""One camera: captures frames when they are due, sends those it may, records every outcome."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from framewire.client.pacing import Pacing
from framewire.client.waiting import within
from loadtest.cameras import outcome, recording
from loadtest.cameras.outcome import Outcome
from loadtest.cameras.probe import explain
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import Recording
from loadtest.cameras.schedule import captures
from loadtest.cameras.session import Message, Session
from loadtest.cameras.tap import CameraTap
from loadtest.cameras.target import Target

# A camera whose uplink is this far behind sends no more, whether or not it obeys the window.
MAX_UNSENT_BYTES = 1 << 20
SETTLE_S = 5.0
FIRST_RETRY_S, MAX_RETRY_S = 0.25, 4.0
READS_S, PAUSES_S = 3.0, 2.0
STAYS_S = 3.0
# What is left of a pause by rounding must not keep the event loop busy.
LEAST_PAUSE_S = 0.001


class Stream:
    """A camera that joins the load at its time, and stays until its end.

    Like a good client, it holds the newest frame back while it may not send it; a newer one
    replaces it. After a lost connection it comes back with growing delays. ``started_at`` is the
    start of the load on the event loop's clock. ``tap`` records what it sends and receives.
    """

    def __init__(
        self,
        number: int,
        profile: Profile,
        target: Target,
        frames: Sequence[Message],
        recording: Recording,
        started_at: float,
        tap: CameraTap | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._number = number
        self._profile = profile
        self._target = target
        self._frames = frames
        self._recording = recording
        self._started_at = started_at
        self._tap = tap
        self._captures = captures(profile, number)
        self._dice = random.Random(f"{profile.seed} leaves {number}")
        self._pacing = Pacing()
        self._window = math.inf
        self._session: Session | None = None
        self._waiting: dict[int, int] = {}  # the rows of frames without an outcome, by id
        self._held: int | None = None
        self._uplink_free_at = -math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._sent = number  # so that cameras do not all send the same pictures
        self._until_s = profile.until_s
        self._over = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the camera has a session."""
        return self._session is not None

    async def run(self) -> None:
        """Take part in the load. Returns when every frame has its outcome."""
        await self._sleep_until(self._profile.joins_at(self._number))
        self._at(self._until_s, self._finish)
        if not self._profile.closed:
            self._schedule()
        retry_s = FIRST_RETRY_S
        while not self._over.is_set():
            session = await self._connect()
            if session is not None:
                retry_s = FIRST_RETRY_S
                await session.lost.wait()
                if not (session.left or self._over.is_set()):
                    self._recording.failures[session.ended] += 1
            if not self._over.is_set():
                await self._sleep_until(min(self._now() + retry_s, self._until_s))
                retry_s = min(2 * retry_s, MAX_RETRY_S)

    def stop(self) -> None:
        """End the load for this camera now, as if this had been its end all along."""
        self._until_s = min(self._until_s, self._now())
        self._finish()

    # Connecting

    async def _connect(self) -> Session | None:
        """Open a session. Returns None if that fails, or is too late."""
        self._pacing = Pacing()
        try:
            session = await self._target.session(self._on_message, self._on_lost, self._number)
        except OSError as error:
            self._note(error)
            return None
        try:
            await session.opened()
        except OSError as error:
            self._note(error)
            session.leave()
            return None
        if self._over.is_set():
            session.leave()
        elif not session.lost.is_set():  # as by a gateway that ends the session right after welcome
            self._opened(session)
        return session

    def _note(self, error: OSError) -> None:
        self._recording.failures[explain(error, self._target, seen=True)] += 1

    def _opened(self, session: Session) -> None:
        self._session = session
        if self._tap is not None:
            self._tap.opened(session.welcomed.result())
        if self._profile.obeys_window:
            self._window = max(1, session.welcomed.result()["limits"]["window"])
        if self._profile.reads_slowly(self._number):
            self._read(session, True)
        if self._profile.disconnects(self._number):
            self._loop.call_later(self._dice.expovariate(1 / STAYS_S), session.leave)
        if self._profile.closed:
            self._capture(self._now())

    def _read(self, session: Session, on: bool) -> None:
        """Go on reading for a while, or pause, and so on."""
        if not session.lost.is_set():
            session.read(on)
            self._loop.call_later(READS_S if on else PAUSES_S, self._read, session, not on)

    def _on_lost(self) -> None:
        self._session = None
        if self._tap is not None:
            self._tap.lost()
        self._drop_held(recording.NOT_CONNECTED)
        self._settle_all(recording.DISCONNECTED)

    # Capturing and sending

    def _schedule(self) -> None:
        at = next(self._captures)
        if at < self._until_s:
            self._at(at, self._tick, at)

    def _tick(self, at: float) -> None:
        if at < self._until_s:  # which may be earlier by now
            self._capture(at)
            self._schedule()

    def _capture(self, at: float) -> None:
        """Hold a frame that was due ``at``, and send it if that is allowed now."""
        row = self._recording.capture(self._number, at)
        if self._session is None:
            self._recording.settle(row, recording.NOT_CONNECTED)
            return
        self._drop_held(recording.UNSENT)
        self._held = row
        self._send_held()

    def _send_held(self) -> None:
        session = self._session
        if self._held is None or session is None or not self._has_room(session):
            return
        now = self._now()
        pause_s = max(self._pacing.pause_s(now), self._uplink_free_at - now)
        if pause_s > 0:
            self._wake_after(max(pause_s, LEAST_PAUSE_S))
            return
        row, self._held = self._held, None
        self._waiting[self._sent] = row
        self._recording.sent[row] = now
        if self._tap is not None:
            self._tap.sent(self._sent)
        self._transmit(session, self._frames[self._sent % len(self._frames)], self._sent, now)
        self._sent += 1
        self._pacing.sent(now)

    def _transmit(self, session: Session, frame: Message, frame_id: int, now: float) -> None:
        """Send a frame, which takes as long as the uplink needs for its bytes."""
        takes_s = frame.size * 8 / (self._profile.uplink_mbit_s * 1e6)
        if takes_s:
            self._uplink_free_at = now + takes_s
            self._at(self._uplink_free_at, session.send, frame, frame_id)
        else:
            session.send(frame, frame_id)

    def _has_room(self, session: Session) -> bool:
        return len(self._waiting) < self._window and session.unsent_bytes < MAX_UNSENT_BYTES

    def _wake_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._send_held)

    # Outcomes

    def _on_message(self, message: dict[str, Any]) -> None:
        if self._tap is not None:
            self._tap.received(message)
        if message["type"] == "pace":
            if self._profile.obeys_pace:
                self._pacing.advise(self._now(), message.get("frames_per_s"))
                self._send_held()
        elif message["type"] in outcome.KINDS:
            row = self._waiting.get(message.get("id", -1))
            if row is not None:
                settled = outcome.read(message)
                del self._waiting[message["id"]]
                self._settle(row, settled)

    def _settle(self, row: int, settled: Outcome) -> None:
        self._recording.settle(row, settled.name, self._now())
        if settled.explanation is not None:
            self._recording.messages.setdefault(settled.name, settled.explanation)
        self._recording.answer(row, settled.batch, settled.queue_ms, settled.inference_ms)
        self._recording.boxes.update(settled.boxes)
        if self._over.is_set():
            self._leave_if_settled()
        elif not self._profile.closed:
            self._send_held()
        elif settled.name == recording.RESULT:
            self._capture(self._now())
        else:  # do not ask a gateway that cannot answer as fast as it says so
            self._loop.call_later(FIRST_RETRY_S, self._capture_again)

    def _capture_again(self) -> None:
        if self._session is not None and not self._over.is_set():
            self._capture(self._now())

    # The end

    def _finish(self) -> None:
        """Send no more, and wait a few seconds for the last outcomes."""
        if self._over.is_set():
            return
        self._over.set()
        self._drop_held(recording.UNSENT)
        self._at(self._until_s + SETTLE_S, self._give_up)
        self._leave_if_settled()

    def _give_up(self) -> None:
        self._settle_all(recording.MISSING)
        self._leave_if_settled()

    def _leave_if_settled(self) -> None:
        if not self._waiting and self._session is not None:
            self._session.leave()

    def _drop_held(self, name: str) -> None:
        if self._held is not None:
            self._recording.settle(self._held, name)
            self._held = None

    def _settle_all(self, name: str) -> None:
        for row in self._waiting.values():
            self._recording.settle(row, name)
        self._waiting.clear()

    # Time

    def _now(self) -> float:
        """Return the seconds since the start of the load."""
        return self._loop.time() - self._started_at

    def _at(self, at: float, call: Callable[..., None], *arguments: object) -> None:
        self._loop.call_at(self._started_at + at, call, *arguments)

    async def _sleep_until(self, at: float) -> None:
        """Sleep until then, or until the load is over."""
        with contextlib.suppress(asyncio.TimeoutError):
            await within(self._over.wait(), max(0.0, at - self._now()))
