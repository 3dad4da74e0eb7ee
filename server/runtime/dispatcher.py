"""Takes batches from the batcher, sends them, and hands every member its outcome."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from server.backend.interface import Backend, Inference
from server.core.answers import Answer
from server.core.batching import Batch, Batcher, Member, halves
from server.core.errors import (
    BackendUnavailable,
    BadFrame,
    BatchRejected,
    DeadlineExceeded,
    FramewireError,
    Internal,
    ModelFailed,
    UnknownModel,
)
from server.core.messages import Dropped, DropReason, Outcome, Result, Timing, error_message
from server.core.model import Lane, Model, ModelKey
from server.runtime.metrics import Metrics
from server.runtime.models import Models

log = logging.getLogger(__name__)

Resolve = Callable[[Member, Outcome], None]
Reroute = Callable[[Member], Lane | None]


class Dispatcher:
    """The loop's side of the batching policy.

    ``resolve`` gets each frame's one outcome. Whatever fails on the way, in the
    backend or in ``resolve`` itself, is logged, costs its own batch or frame and
    no other, and leaves no frame without an outcome. ``reroute`` says where a frame
    would travel now, whose model turns out to be gone.
    """

    def __init__(
        self,
        batcher: Batcher,
        backend: Backend,
        models: Models,
        metrics: Metrics,
        resolve: Resolve,
        reroute: Reroute = lambda member: None,
    ) -> None:
        self._batcher = batcher
        self._backend = backend
        self._models = models
        self._metrics = metrics
        self._resolve = resolve
        self._reroute = reroute
        self._running: set[asyncio.Task[None]] = set()
        self._owed: dict[int, Member] = {}  # by identity: sent, and without an outcome yet
        self._stopped = False
        self._timer: asyncio.TimerHandle | None = None

    def offer(self, member: Member, lane: Lane) -> None:
        """Take in a frame, and send what can be sent. Never waits."""
        refused = self._batcher.offer(member, lane, member.received)
        if refused is not None:
            self._drop(*refused)
        self._pump(member.received)

    def forget(self, session: str) -> bool:
        """The session is gone. True if a frame of its was waiting, which goes with it."""
        return self._batcher.forget(session) is not None

    def fail_all(self, error: FramewireError) -> None:
        """End every waiting frame with ``error``: no model server answers."""
        for member in self._batcher.withdraw_all():
            self._fail(member, error)

    def fail_model(self, model: ModelKey, error: FramewireError) -> None:
        """End the waiting frames of one model with ``error``; no other model's are touched."""
        for member in self._batcher.withdraw_model(model):
            self._fail(member, error)

    async def idle(self) -> None:
        """Wait until no frame waits and no call is under way."""
        while self._running or self._batcher.waiting:
            if self._running:
                await asyncio.wait(self._running)
            else:  # frames that wait for company; the timer sends them
                deadline = self._batcher.next_deadline() or 0.0
                await asyncio.sleep(max(0.0, deadline - time.monotonic()))

    async def stop(self) -> int:
        """Send nothing more, and drop what has no outcome yet. Returns how many frames that was."""
        self._stopped = True
        self._set_timer(time.monotonic())
        left = self._batcher.withdraw_all()
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        left.extend(self._owed.values())
        for member in left:
            self._drop(member, "draining")
        return len(left)

    def _pump(self, now: float) -> None:
        while not self._stopped:
            taken = self._batcher.take(now)
            for member in taken.expired:
                self._drop(member, "expired")
            if taken.batch is None:
                break
            self._start(taken.batch)
        self._set_timer(now)

    def _start(self, batch: Batch) -> None:
        self._owed.update({id(member): member for member in batch.members})
        task = asyncio.get_running_loop().create_task(self._send(batch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _set_timer(self, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._batcher.next_deadline()
        if deadline is not None and not self._stopped:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, deadline - now), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._pump(time.monotonic())

    async def _send(self, batch: Batch) -> None:
        try:
            await self._infer(batch.lane, batch.members, batch.taken)
        except Exception:
            log.exception("a batch of %d for %s failed", len(batch.members), batch.lane.model)
        finally:
            # Also when the call was cancelled: that costs no slot and no outcome.
            if not self._stopped:
                self._finish(batch)

    def _finish(self, batch: Batch) -> None:
        for member in batch.members:
            if id(member) in self._owed:
                self._fail(member, Internal("the gateway failed on this batch; see its log"))
        now = time.monotonic()
        self._batcher.done(batch, now)
        self._pump(now)

    async def _infer(self, lane: Lane, members: Sequence[Member], now: float) -> None:
        """One call; if the model server refuses it, again in parts, until the culprit is found."""
        frames = [member.frame for member in members]
        budget_s = self._batcher.budget_s(members, now)
        try:
            inference = await self._backend.infer(lane, frames, budget_s)
        except BatchRejected as error:
            await self._retry_in_parts(lane, members, error)
        except DeadlineExceeded:
            self._count_failed(lane, len(members), "expired")
            for member in members:
                self._drop(member, "expired")
        except FramewireError as error:
            self._count_failed(lane, len(members), error.code)
            self._note(lane, error)
            await self._send_elsewhere(lane, members, error)
        else:
            self._answer(lane, members, inference, now)
        finally:
            self._metrics.batch_size.observe(len(frames))

    async def _retry_in_parts(
        self, lane: Lane, members: Sequence[Member], error: BatchRejected
    ) -> None:
        if len(members) == 1:
            self._batcher.quarantine(members[0].session)
            self._count_failed(lane, 1, BadFrame.code)
            self._fail(members[0], BadFrame(f"the model refuses this picture: {error}"))
            return
        for part in halves(members):
            await self._send_again(lane, part)

    async def _send_elsewhere(
        self, lane: Lane, members: Sequence[Member], error: FramewireError
    ) -> None:
        """Frames whose model is gone go where their sessions have been led, if anywhere."""
        elsewhere: dict[Lane, list[Member]] = {}
        for member in members:
            other = self._reroute(member) if isinstance(error, UnknownModel) else None
            if other is None or other.model == lane.model:
                self._fail(member, error)
            else:
                elsewhere.setdefault(other, []).append(member)
        for other, moved in elsewhere.items():
            limit = other.max_batch or len(moved)
            for start in range(0, len(moved), limit):
                await self._send_again(other, moved[start : start + limit])

    async def _send_again(self, lane: Lane, members: Sequence[Member]) -> None:
        """Send those that are not too old by now."""
        now = time.monotonic()
        fresh: list[Member] = []
        for member in members:
            if self._batcher.is_stale(member, now):
                self._drop(member, "expired")
            else:
                fresh.append(member)
        if fresh:
            await self._infer(lane, fresh, now)

    def _answer(
        self, lane: Lane, members: Sequence[Member], inference: Inference, sent: float
    ) -> None:
        if len(inference.answers) != len(members):
            raise RuntimeError(f"{len(inference.answers)} answers for {len(members)} frames")
        now = time.monotonic()
        results = len(members)
        for member, answer in zip(members, inference.answers, strict=True):
            if isinstance(answer, FramewireError):
                results -= 1
                self._fail(member, answer)
            else:
                self._batcher.release(member.session)
                timing = Timing(
                    queue=(sent - member.received) * 1000,
                    inference=(now - sent) * 1000,
                    total=(now - member.received) * 1000,
                )
                self._settle(member, _result(member, answer, inference, len(members), timing))
        self._metrics.inference.observe(now - sent)
        version = inference.model_version
        self._metrics.versions.answered(lane.model.name, version, results, now - sent)
        known = self._models.current(lane.model)
        if getattr(known, "version", None) != version:
            self._models.invalidate(lane.model)

    def _count_failed(self, lane: Lane, frames: int, code: str) -> None:
        """For the version that would have answered, or for the label if none is known."""
        known, key = self._models.current(lane.model), lane.model
        version = known.version if isinstance(known, Model) else key.version or key.label
        self._metrics.versions.failed(key.name, str(version or "newest"), frames, code)

    def _note(self, lane: Lane, error: FramewireError) -> None:
        """What a failed call says about the model, for those who come next."""
        if isinstance(error, BackendUnavailable | UnknownModel):
            self._models.invalidate(lane.model, error)
        elif isinstance(error, ModelFailed):  # it may be another version than the one that is known
            self._models.invalidate(lane.model)

    def _drop(self, member: Member, reason: DropReason) -> None:
        self._settle(member, Dropped(member.frame.id, reason))

    def _fail(self, member: Member, error: FramewireError) -> None:
        self._settle(member, error_message(error, member.frame.id))

    def _settle(self, member: Member, outcome: Outcome) -> None:
        self._owed.pop(id(member), None)
        try:
            self._resolve(member, outcome)
        except Exception:
            log.exception("frame %d of session %s", member.frame.id, member.session)


def _result(
    member: Member, answer: Answer, inference: Inference, batch: int, timing: Timing
) -> Result:
    return Result(
        id=member.frame.id,
        model_version=inference.model_version,
        batch=batch,
        timing_ms=timing,
        answer=answer,
        captured_at=member.frame.captured_at,
    )
