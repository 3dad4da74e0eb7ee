"""One of several model servers: its calls, its look-ups and its checks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.backend.failures import SignatureChanged
from server.backend.interface import Inference, LaneChanged
from server.backend.serving import TensorFlowServing
from server.core.balancing import Place
from server.core.errors import (
    BackendUnavailable,
    DeadlineExceeded,
    FramewireError,
    Internal,
    ModelFailed,
    ModelUnavailable,
)
from server.core.health import BEING_CHECKED, Fleet
from server.core.holdings import ModelOrError
from server.core.messages import Frame
from server.core.model import Lane, ModelKey

log = logging.getLogger(__name__)

CHECK_INTERVAL_S = 2.0
CHECK_TIMEOUT_S = 1.0
NO_ANSWER = "it does not answer"


class MemberListener(Protocol):
    """What members tell their pool."""

    def models_in_use(self) -> list[ModelKey]:
        """Return the models that a member should know before it gets calls."""

    def learnt(self, member: Member, key: ModelKey, result: ModelOrError) -> None:
        """Take in what a member says about a model."""

    def connection_changed(self, member: Member) -> None:
        """React to a connection that was made or lost."""

    def admitted(self, member: Member) -> None:
        """React to a member that gets calls from now on."""


@dataclass(slots=True)
class _Running:
    """A call under way: how long it may take before it is compared with those of others."""

    started: float
    patience_s: float
    movable: bool
    timer: asyncio.TimerHandle | None = None
    abandoned: bool = False


class Member:
    """The model server ``serving`` at its ``place``, compared with the others of its ``fleet``."""

    def __init__(
        self, serving: TensorFlowServing, place: Place, fleet: Fleet, listener: MemberListener
    ) -> None:
        self.serving = serving
        self.place = place
        self._health = place.health
        self._fleet = fleet
        self._listener = listener
        self._calls: dict[asyncio.Task[Inference], _Running] = {}
        self._look_ups: dict[ModelKey, asyncio.Task[ModelOrError]] = {}
        self._connection_changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._shown = ""
        serving.watch(self._on_connection)
        self._following = asyncio.ensure_future(self._follow())

    async def leave(self) -> None:
        """Close the connection once the calls under way are over."""
        self._stop_following()
        while self._calls:  # the parts of a rejected batch follow one another
            await self._idle.wait()
        await self.serving.close()

    async def close(self) -> None:
        """Close the connection now."""
        self._stop_following()
        await self.serving.close()

    def _stop_following(self) -> None:
        self._following.cancel()
        for look_up in self._look_ups.values():
            look_up.cancel()

    # Calls

    async def infer(
        self, lane: Lane, frames: Sequence[Frame], timeout_s: float, movable: bool = True
    ) -> Inference:
        """Send one call; see :class:`~server.backend.interface.Backend`.

        If this model server stalls meanwhile, its ``movable`` calls are cancelled and raise
        BackendUnavailable, so that another one can take them. The others may still be answered.
        """
        started = time.monotonic()
        patience_s = self._fleet.patience_s(lane, len(frames), started)
        running = _Running(started, patience_s, movable)
        call = asyncio.ensure_future(self.serving.infer(lane, frames, timeout_s))
        self._begin(call, running)
        try:
            inference = await call
        except asyncio.CancelledError:
            if running.abandoned:
                why = "the model server does not answer"
                raise BackendUnavailable(why, self.place.address) from None
            raise
        except (FramewireError, DeadlineExceeded) as error:
            self._judge(error, running)
            raise
        finally:
            self._end(call, running)
        self.place.frames += len(frames)
        self._fleet.answered(self._health, lane, len(frames), started, time.monotonic())
        self._show()
        return inference

    def _begin(self, call: asyncio.Task[Inference], running: _Running) -> None:
        self._calls[call] = running
        self._idle.clear()
        self._set_timer(call, running)

    def _end(self, call: asyncio.Task[Inference], running: _Running) -> None:
        if running.timer is not None:
            running.timer.cancel()
        del self._calls[call]
        if not self._calls:
            self._idle.set()

    def _set_timer(self, call: asyncio.Task[Inference], running: _Running) -> None:
        loop = asyncio.get_running_loop()
        running.timer = loop.call_later(running.patience_s, self._on_timer, call, running)

    def _on_timer(self, call: asyncio.Task[Inference], running: _Running) -> None:
        """Give up a call that takes long if others are answered meanwhile, or wait once more."""
        if not self._give_up_if_stalled(running.started, running.patience_s):
            self._set_timer(call, running)

    def _give_up_if_stalled(self, started: float, patience_s: float) -> bool:
        """Cancel the calls that can move if one since ``started`` shows a stall. Return whether."""
        if not self._fleet.stalled(self._health, started, patience_s, time.monotonic()):
            return False
        self._show()
        for call, running in self._calls.items():
            if running.movable:
                running.abandoned = True
                call.cancel()
        return True

    def _judge(self, error: Exception, running: _Running) -> None:
        """Learn from a call that failed. Most errors say nothing about the model server."""
        now = time.monotonic()
        if isinstance(error, BackendUnavailable):
            self._fleet.set_aside(self._health, "its calls find it unavailable", now)
        elif isinstance(error, DeadlineExceeded):
            self._give_up_if_stalled(running.started, running.patience_s)
        elif isinstance(error, ModelFailed) and not isinstance(
            error, LaneChanged | SignatureChanged
        ):
            self._fleet.failed(self._health, running.started, now)
        self._show()

    # Look-ups

    def look_up(self, key: ModelKey) -> asyncio.Task[ModelOrError]:
        """Learn a model, and tell the pool; one look-up of a model at a time."""
        task = self._look_ups.get(key)
        if task is None:
            task = self._look_ups[key] = asyncio.ensure_future(self._look_up(key))
        return task

    async def _look_up(self, key: ModelKey) -> ModelOrError:
        result: ModelOrError
        try:
            result = await self.serving.discover(key)
        except FramewireError as error:
            result = error
        except Exception:
            log.exception("looking up model %s at %s failed", key, self.place.address)
            result = Internal(f"looking up model {key} failed")
        finally:
            del self._look_ups[key]
        self._listener.learnt(self, key, result)
        return result

    # Checks

    async def _follow(self) -> None:
        while True:
            await self._until_due()
            try:
                await self._follow_up()
            except Exception:
                log.exception("checking model server %s failed", self.place.address)

    async def _follow_up(self) -> None:
        if not self._health.connected:
            return
        started = time.monotonic()
        reason = await self._check()
        if self._health.serves:
            self._checked(reason, started)
        elif self._health.connected:
            await self._recover(reason)
        self._show()

    async def _until_due(self) -> None:
        """Wait until a check is due: at once after a change of the connection."""
        timeout_s = None
        if self._health.serves:
            timeout_s = CHECK_INTERVAL_S
        elif self._health.connected:
            timeout_s = max(0.0, self._health.retry_at - time.monotonic())
        changed = asyncio.ensure_future(self._connection_changed.wait())
        try:
            await asyncio.wait((changed,), timeout=timeout_s)
        finally:
            changed.cancel()
        self._connection_changed.clear()

    async def _check(self) -> str:
        """Return why it should get no calls, or an empty text."""
        keys = self._listener.models_in_use()
        try:
            return await self.serving.check(keys[-1].name if keys else None, CHECK_TIMEOUT_S)
        except BackendUnavailable:
            return NO_ANSWER

    def _checked(self, reason: str, started: float) -> None:
        """Believe what it says itself; judge its silence by what others do meanwhile."""
        if reason == NO_ANSWER:
            self._give_up_if_stalled(started, CHECK_TIMEOUT_S)
        elif reason:
            self._fleet.set_aside(self._health, reason, time.monotonic())

    async def _recover(self, reason: str) -> None:
        """Admit it if nothing is wrong any more; it learns the models in use first."""
        results = [self.look_up(key) for key in self._listener.models_in_use() if not reason]
        for result in await asyncio.gather(*results):
            if isinstance(result, BackendUnavailable) and not isinstance(result, ModelUnavailable):
                reason = NO_ANSWER
        if not self._health.connected:
            return
        if reason:
            self._health.set_aside(reason, time.monotonic())
            return
        self._health.admit()
        self._listener.admitted(self)

    def _on_connection(self, reachable: bool) -> None:
        if reachable:
            self._health.connect(time.monotonic())
        else:
            self._health.disconnect("no connection")
        self._connection_changed.set()
        self._show()
        self._listener.connection_changed(self)

    def _show(self) -> None:
        """Log what has changed, but not each step on the way back."""
        health = self._health
        shown = f"{health.state}: {health.reason}" if health.reason else health.state
        on_the_way = health.state in ("connecting", "trial") or health.reason == BEING_CHECKED
        if on_the_way or shown == self._shown:
            return
        self._shown = shown
        level = logging.INFO if health.state == "ready" else logging.WARNING
        why = ": %(reason)s" if health.reason else ""
        state = health.state.replace("_", " ")
        fields = {"backend": self.place.address, "state": state, "reason": health.reason}
        log.log(level, f"model server %(backend)s is %(state)s{why}", fields)
