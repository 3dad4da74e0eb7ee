"""Sends batches to the model server, and passes every frame its outcome."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from server.backend.interface import Backend, BackendFailed, Inference, LaneChanged
from server.core.balancing import Balancer
from server.core.batch import Batch, Statistics, result_of
from server.core.batching import Batcher
from server.core.concurrency import CallOutcome
from server.core.errors import (
    BackendUnavailable,
    BadFrame,
    BatchRejected,
    DeadlineExceeded,
    FramewireError,
    Internal,
    ModelFailed,
    Overloaded,
    UnknownModel,
    UnusableModel,
)
from server.core.messages import Dropped, DropReason, Outcome, Result, error_message
from server.core.model import Lane, Model, ModelKey
from server.core.ring import FrameOwner, Member, halves
from server.runtime.latencies import AnsweredBatch, SignatureKey
from server.runtime.limits import new_slots
from server.runtime.models import Models
from server.runtime.statistics import Counters
from server.runtime.wakeup import Wakeup
from server.settings import Settings

log = logging.getLogger(__name__)


class Dispatcher:
    """The loop's side of the batching policy. ``owner`` takes the outcomes of frames.

    ``balancer`` chooses among several model servers; None: there is one.

    Whatever fails on the way, in the backend or in ``owner``, is logged, costs its own
    batch or frame and no other, and leaves no frame without an outcome.
    """

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        models: Models,
        counters: Counters,
        owner: FrameOwner,
        balancer: Balancer | None = None,
    ) -> None:
        self._batcher = Batcher(
            max_batch=settings.max_batch,
            slots=balancer or new_slots(settings),
            window=settings.window,
            max_staleness_s=settings.max_staleness_ms / 1000,
            max_wait_s=settings.max_wait_ms / 1000,
            max_waiting=2 * settings.max_sessions,  # a frame of each, and its crops in one place
        )
        self.backlog = self._batcher.backlog
        self._backend = backend
        self._models = models
        self._counters = counters
        self._owner = owner
        self._balancer = balancer
        self._running: set[asyncio.Task[None]] = set()
        self._unresolved: dict[int, Member] = {}  # by identity: sent, and without an outcome yet
        self._stopped = False
        self._wakeup = Wakeup(self._pump, often=settings.max_batch)

    def offer(self, member: Member, lane: Lane) -> None:
        """Take in a frame, and send what can be sent. Never waits.

        A frame that finds no call under way goes at once, others with what arrived beside them.
        """
        displaced = self._batcher.offer(member, lane, member.received)
        if displaced is not None:
            self._drop(*displaced)
            if displaced[0].lane == lane:  # nothing new to take
                return
        if self._batcher.calls:
            self._wakeup.soon()
        else:
            self._pump(member.received)

    def offer_crops(self, crops: Sequence[Member], lane: Lane) -> None:
        """Take in the crops of a frame that is held."""
        now = time.monotonic()
        for crop in self._batcher.offer_crops(crops, lane, now):
            self._drop(crop, "superseded")
        self._pump(now)

    def hold(self, session: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let a frame go on from its batch to ``work``, until :meth:`land` is called."""
        self._batcher.hold(session)
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def land(self, member: Member, outcome: Outcome) -> Outcome | None:
        """Pass on the outcome of a held frame. Return it as it was sent."""
        sent = self._settle(member, outcome)
        self._batcher.land(member.session, time.monotonic())
        # Not at once: perhaps this is called while another batch is taken.
        asyncio.get_running_loop().call_soon(lambda: self._pump(time.monotonic()))
        return sent

    def forget(self, session: str) -> Member | None:
        """Drop all of a session that is gone. Return its waiting frame, if any."""
        for crop in self._batcher.forget_crops(session):
            self._drop(crop, "draining")
        return self._batcher.forget(session)

    def fail_all(self, error: FramewireError) -> None:
        """End every waiting frame with ``error``: no model server answers."""
        for member in self._batcher.withdraw_all():
            self._fail(member, error)

    def fail_model(self, model: ModelKey, error: FramewireError) -> None:
        """End the waiting frames of one model with ``error``; no other model's are touched."""
        for member in self._batcher.withdraw_all(model):
            self._fail(member, error)

    def statistics(self) -> Statistics:
        """Return the batcher's snapshot."""
        return self._batcher.statistics()

    async def idle(self) -> None:
        """Wait until no frame waits and no call is under way."""
        while self._running or self._batcher.waiting:
            if self._running:
                await asyncio.wait(self._running)
            else:  # frames that wait for company; the timer sends them
                due_at, now = self._wakeup.due_at, time.monotonic()
                await asyncio.sleep(0.0 if due_at is None else max(0.0, due_at - now))

    async def stop(self) -> int:
        """Send nothing more, and drop every frame without an outcome. Return their number."""
        self._stopped = True
        self._wakeup.at(None)
        unanswered = self._batcher.withdraw_all()
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        unanswered.extend(self._unresolved.values())
        for member in unanswered:
            self._drop(member, "draining")
        return len(unanswered)

    def _pump(self, now: float) -> None:
        while not self._stopped:
            taken = self._batcher.take(now)
            for member in taken.expired:
                self._drop(member, "expired")
            if taken.batch is None:
                if taken.due_at != self._wakeup.due_at:
                    self._wakeup.at(taken.due_at)
                break
            self._start(taken.batch)

    def _start(self, batch: Batch) -> None:
        self._unresolved.update(zip(map(id, batch.members), batch.members, strict=True))
        task = asyncio.get_running_loop().create_task(self._send(batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send(self, batch: Batch) -> None:
        outcome: CallOutcome = "failed"
        try:
            outcome = await self._infer(batch.call, batch.lane, batch.members, batch.taken)
        except Exception:
            fields = {"batch": len(batch.members), "model": batch.lane.model}
            log.exception("a batch of %(batch)d for %(model)s failed", fields)
        finally:
            # Also when the call was cancelled: that costs no slot and no outcome.
            if not self._stopped:
                self._finish(batch, outcome)

    def _finish(self, batch: Batch, outcome: CallOutcome) -> None:
        for member in batch.members:
            if id(member) in self._unresolved:
                self._fail(member, Internal("the gateway failed on this batch; see its log"))
        now = time.monotonic()
        self._batcher.done(batch, now, outcome)
        if self._batcher.calls:
            self._wakeup.soon()
        else:
            self._pump(now)

    async def _infer(
        self, call: Any, lane: Lane, members: Sequence[Member], now: float
    ) -> CallOutcome:
        """Send one call; if the model server rejects it, send its parts, down to the culprit.

        Return what the call says about the load: nothing (``failed``) if it was sent again.
        """
        frames = [member.frame for member in members]
        budget_s = self._batcher.budget_s(members, now)
        try:
            inference = await self._backend.infer(lane, frames, budget_s, call)
        except BatchRejected as error:
            await self._retry_in_parts(call, lane, members, error)
            return "failed"
        except DeadlineExceeded:
            self._count_failed(lane, len(members), "expired")
            for member in members:
                self._drop(member, "expired")
            return "expired"
        except LaneChanged as error:
            self._models.update(lane.model, error.model)
            await self._reroute(call, lane, members, error)
            return "failed"
        except BackendFailed as failure:
            await self._move(call, lane, members, failure.error)
            return "failed"
        except FramewireError as error:
            self._count_failed(lane, len(members), error.code)
            self._invalidate(lane, error)
            await self._reroute(call, lane, members, error)
            return "overloaded" if isinstance(error, Overloaded) else "failed"
        else:
            self._answer(lane, members, inference, now)
            return "answered"
        finally:
            self._counters.batch_sizes.observe(len(frames))

    async def _retry_in_parts(
        self, call: Any, lane: Lane, members: Sequence[Member], error: BatchRejected
    ) -> None:
        if len(members) == 1:
            self._batcher.quarantine(members[0].session, lane)
            self._count_failed(lane, 1, BadFrame.code)
            self._fail(members[0], BadFrame(f"the model rejects this picture: {error}"))
            return
        for part in halves(members):
            await self._send_again(call, lane, part)

    async def _move(
        self, call: Any, lane: Lane, members: Sequence[Member], error: FramewireError
    ) -> None:
        """Send a batch whose model server failed to another one, once."""
        self._models.invalidate(lane.model)
        assert self._balancer is not None
        if self._balancer.move(call, lane, time.monotonic()):
            self._counters.moved += len(members)
            await self._send_again(call, lane, members)
            return
        self._count_failed(lane, len(members), error.code)
        for member in members:
            self._fail(member, error)

    async def _reroute(
        self, call: Any, lane: Lane, members: Sequence[Member], error: FramewireError
    ) -> None:
        """Send frames whose model or lane is gone where their sessions are led now, if anywhere."""
        rerouted: dict[Lane, list[Member]] = {}
        for member in members:
            gone = isinstance(error, UnknownModel | UnusableModel | LaneChanged)
            other = (member.owner or self._owner).lane_of(member) if gone else None
            if other is None or other == lane:
                self._fail(member, error)
            else:
                rerouted.setdefault(other, []).append(member)
        for other, group in rerouted.items():
            limit = other.max_batch or len(group)
            for start in range(0, len(group), limit):
                await self._send_again(call, other, group[start : start + limit])

    async def _send_again(self, call: Any, lane: Lane, members: Sequence[Member]) -> None:
        """Send those of ``members`` that are not too old by now."""
        now = time.monotonic()
        fresh: list[Member] = []
        for member in members:
            if self._batcher.is_stale(member, now):
                self._drop(member, "expired")
            else:
                fresh.append(member)
        if fresh:
            await self._infer(call, lane, fresh, now)

    def _answer(
        self, lane: Lane, members: Sequence[Member], inference: Inference, sent: float
    ) -> None:
        if len(inference.answers) != len(members):
            raise RuntimeError(f"{len(inference.answers)} answers for {len(members)} frames")
        if inference.model is not None or inference.labels:
            self._models.answered(lane.model, inference)  # sessions learn it before their results
        now = time.monotonic()
        results = len(members)
        arrivals: list[float] = []
        for member, answer in zip(members, inference.answers, strict=True):
            if isinstance(answer, FramewireError):
                results -= 1
                self._fail(member, answer)
                continue
            self._batcher.release(member.session, lane)
            result = result_of(member, answer, inference.model_version, len(members), sent, now)
            if isinstance(self._settle(member, result), Result):
                arrivals.append(member.received)
        version = inference.model_version
        key = SignatureKey(lane.model.name, str(version), lane.signature)
        written = time.monotonic()
        batch = AnsweredBatch(key, results, arrivals, sent, inference.timing, now, written)
        self._counters.answered(batch)
        known = self._models.current(lane.model)
        if not isinstance(known, Model) or known.version != version:
            self._models.invalidate(lane.model)

    def _count_failed(self, lane: Lane, frames: int, code: str) -> None:
        """Count for the version that would have answered, or for the label if it is unknown."""
        version = self._models.version_of(lane.model)
        self._counters.failed(lane.model.name, version, frames, code)

    def _invalidate(self, lane: Lane, error: FramewireError) -> None:
        """Pass on what a failed call says about its model."""
        if isinstance(error, BackendUnavailable | UnknownModel | UnusableModel):
            self._models.invalidate(lane.model, error)
        elif isinstance(error, ModelFailed):  # perhaps another version than the known one
            self._models.invalidate(lane.model)

    def _drop(self, member: Member, reason: DropReason) -> None:
        self._settle(member, Dropped(member.frame.id, reason))

    def _fail(self, member: Member, error: FramewireError) -> None:
        self._settle(member, error_message(error, member.frame.id))

    def _settle(self, member: Member, outcome: Outcome) -> Outcome | None:
        self._unresolved.pop(id(member), None)
        try:
            return (member.owner or self._owner).resolve(member, outcome)
        except Exception:
            fields = {"frame": member.frame.id, "session": member.session}
            log.exception("frame %(frame)d of session %(session)s", fields)
            return None
