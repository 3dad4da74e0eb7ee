"""A share of the answered frames, sent to a candidate as well; its answers are only compared.

The shadow has a connection of its own to the model servers. So its calls take no slot from users,
a candidate that fails sets no model server aside, and what is learnt from it stays with it.
:class:`ShadowedBackend` is a backend around the users' backend: a frame reaches the shadow after
its answer has gone to its session. :mod:`server.core.mirroring` decides when.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from framewire import agreement
from server.backend.interface import Backend, BackendFailed, CallTiming, Inference
from server.core.answers import Answer
from server.core.balancing import Balancer
from server.core.concurrency import CallOutcome
from server.core.errors import (
    BackendUnavailable,
    BatchRejected,
    DeadlineExceeded,
    FramewireError,
    ModelError,
)
from server.core.lanes import lane_of
from server.core.messages import Frame
from server.core.mirroring import Mirroring
from server.core.model import Lane, Model, ModelKey
from server.core.wire.encode import answer_map
from server.runtime.comparisons import CANDIDATE, CURRENT, ComparisonKey, Comparisons
from server.runtime.models import Interest, ModelOrError, Models
from server.settings import Settings

log = logging.getLogger(__name__)

SETTLE_S = 0.001
"""After a user's call, so that its results leave and the next batch goes first."""
MAX_VERSIONS = 32


@dataclass(frozen=True, slots=True)
class _Mirrored:
    """A frame for the shadow, and the answer that its session got, with the names of its classes.

    ``call``: that of a batch of one.
    """

    frame: Frame
    answer: Answer
    labels: Sequence[str]
    version: int
    call: CallTiming | None


def shadow_shares(settings: Settings) -> dict[str, float]:
    """Return the share of frames that a shadow gets, by the label or number that names it."""
    return {settings.shadow: settings.shadow_share} if settings.shadow else {}


class Shadow:
    """Sends frames to the candidate that the settings name, and counts how it compares.

    ``backend`` and ``balancer`` are the shadow's own.
    """

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        balancer: Balancer | None,
        comparisons: Comparisons,
    ) -> None:
        self.users_calls = 0
        self.labels: OrderedDict[int, Sequence[str]] = OrderedDict()  # of versions that users get
        self._name = settings.model
        self._key = _key(settings.model, settings.shadow)
        self._timeout_s = settings.max_staleness_ms / 1000
        self._share = settings.shadow_share
        self._mirroring = Mirroring(settings.workers or 1)
        self._backend = backend
        self._balancer = balancer
        self._comparisons = comparisons
        self._models = Models(backend, self)
        self._candidate: int | None = None  # the last version that the key has led to
        self._waiting: _Mirrored | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._call: asyncio.Task[None] | None = None

    def mirrored(self, backend: Backend) -> ShadowedBackend:
        """Return the users' backend, whose answered frames the shadow gets."""
        return ShadowedBackend(backend, self)

    def start(self) -> None:
        """Begin to look up the candidate."""
        self._backend.watch(self._channel_changed)
        self._models.acquire(self._key, Interest.LABEL)

    async def close(self) -> None:
        """Send nothing more, and close the connection."""
        self._waiting = None
        if self._timer is not None:
            self._timer.cancel()
        if self._call is not None:
            self._call.cancel()
            await asyncio.gather(self._call, return_exceptions=True)
        await self._models.close()
        await self._backend.close()

    # Called by the users' backend

    def learnt(self, model: Model) -> None:
        """Note the class names of a version that users get."""
        if model.key.name == self._name:
            self.labels[model.version] = model.labels
            self.labels.move_to_end(model.version)
            if len(self.labels) > MAX_VERSIONS:
                self.labels.popitem(last=False)

    def answered(self, lane: Lane, frames: Sequence[Frame], inference: Inference) -> None:
        """Choose among the frames of an answered batch. Never waits."""
        version, candidate = inference.model_version, self._models.current(self._key)
        labels = self.labels.get(version)
        if lane.model.name != self._name or lane.alone or labels is None:
            return
        if not isinstance(candidate, Model) or candidate.version == version:
            return
        call = inference.timing if len(frames) == 1 else None
        for frame, answer in zip(frames, inference.answers, strict=True):
            if not isinstance(answer, FramewireError) and random.random() < self._share:
                if self._waiting is not None:
                    self._count(self._waiting, candidate.version, "skipped")
                self._waiting = _Mirrored(frame, answer, labels, version, call)
        self.schedule()

    def schedule(self) -> None:
        """Send the waiting frame as soon as the policy allows, if there is one."""
        ready_at = self._mirroring.ready_at(self.users_calls)
        if self._waiting is not None and ready_at is not None and self._timer is None:
            delay_s = max(SETTLE_S, ready_at - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    # Calls

    def _on_timer(self) -> None:
        self._timer = None
        # Otherwise the end of the users' last call schedules it again.
        if self._mirroring.ready_at(self.users_calls) is not None:
            self._send()

    def _send(self) -> None:
        mirrored, candidate = self._waiting, self._models.current(self._key)
        self._waiting = None
        if mirrored is None or not isinstance(candidate, Model):
            return
        lane = lane_of(candidate, mirrored.frame)
        if lane is None:
            self._count(mirrored, candidate.version, "unsupported")
            return
        self._mirroring.began(time.monotonic())
        self._call = asyncio.ensure_future(self._follow(lane, mirrored, candidate))

    async def _follow(self, lane: Lane, mirrored: _Mirrored, candidate: Model) -> None:
        try:
            await self._compare(lane, mirrored, candidate)
        except Exception:
            fields = {"model": self._key}
            log.exception("comparing an answer of the shadow %(model)s failed", fields)
        finally:
            self._call = None
            self._mirroring.ended(time.monotonic())
            self.schedule()

    async def _compare(self, lane: Lane, mirrored: _Mirrored, candidate: Model) -> None:
        inference = await self._infer(lane, mirrored.frame)
        if isinstance(inference, str):
            self._models.invalidate(self._key)
            self._count(mirrored, candidate.version, inference)
            return
        if inference.model_version != candidate.version:  # the label has just moved
            self._models.invalidate(self._key)
            return
        [answer] = inference.answers
        if isinstance(answer, FramewireError):
            self._count(mirrored, candidate.version, answer.code)
            return
        await self._compared(mirrored, candidate, answer, inference.timing)

    async def _compared(
        self, mirrored: _Mirrored, candidate: Model, answer: Answer, timing: CallTiming | None
    ) -> None:
        key = ComparisonKey(self._name, str(mirrored.version), str(candidate.version))
        current = agreement.Answer(answer_map(mirrored.answer), mirrored.labels)
        found = agreement.Answer(answer_map(answer), candidate.labels)
        # A hundred objects take a tenth of a second, in which the users' frames must go on.
        compared = await asyncio.to_thread(agreement.compare, current, found)
        self._comparisons.compared(key, compared)
        if mirrored.call is not None and timing is not None:
            for whose, call in ((CURRENT, mirrored.call), (CANDIDATE, timing)):
                self._comparisons.took(key, whose, call.received - call.sent)

    async def _infer(self, lane: Lane, frame: Frame) -> Inference | str:
        """Return the candidate's answer, or the code of its error."""
        began = time.monotonic()
        call = self._balancer.occupy(lane.model, began) if self._balancer else None
        outcome: CallOutcome = "failed"
        try:
            inference = await self._backend.infer(lane, [frame], self._timeout_s, call)
            outcome = "answered"
            return inference
        except BatchRejected:
            return "bad_frame"
        except DeadlineExceeded:
            outcome = "expired"
            return "expired"
        except BackendFailed as failure:
            return failure.error.code
        except FramewireError as error:
            return error.code
        finally:
            if self._balancer is not None and call is not None:
                self._balancer.free(call, lane, time.monotonic(), 1, outcome)

    def _count(self, mirrored: _Mirrored, candidate: int, outcome: str) -> None:
        key = ComparisonKey(self._name, str(mirrored.version), str(candidate))
        self._comparisons.frame(key, outcome)

    # Called by the models and the backend

    def model_changed(self, key: ModelKey, result: ModelOrError) -> None:
        """React to another candidate: what waits was chosen for the one before."""
        self._waiting = None
        if isinstance(result, Model) and result.version != self._candidate:
            self._candidate = result.version
            self._mirroring.renew()
        if isinstance(result, ModelError):  # the operator has asked for it, or will publish it yet
            fields = {"model": key, "reason": result, "code": result.code}
            log.warning("shadow %(model)s: nothing is compared: %(reason)s", fields)

    def _channel_changed(self, reachable: bool) -> None:
        self._models.channel_changed(
            None if reachable else BackendUnavailable("no model server answers")
        )


class ShadowedBackend:
    """A backend that tells ``shadow`` what its calls answered."""

    def __init__(self, backend: Backend, shadow: Shadow) -> None:
        self._backend = backend
        self._shadow = shadow
        self.cut = backend.cut
        self.watch = backend.watch
        self.close = backend.close

    async def discover(self, key: ModelKey) -> Model:
        """Learn a model."""
        model = await self._backend.discover(key)
        self._shadow.learnt(model)
        return model

    async def infer(
        self, lane: Lane, frames: Sequence[Frame], timeout_s: float, call: object = None
    ) -> Inference:
        """Send one Predict call; the shadow gets some of its frames afterwards."""
        shadow = self._shadow
        shadow.users_calls += 1
        try:
            inference = await self._backend.infer(lane, frames, timeout_s, call)
        finally:
            shadow.users_calls -= 1
            shadow.schedule()
        if inference.model is not None:
            shadow.learnt(inference.model)
        shadow.answered(lane, frames, inference)
        return inference


def _key(model: str, candidate: str) -> ModelKey:
    """Return the candidate that a setting names: by its number, or by its label."""
    if candidate.isdecimal():
        return ModelKey(model, version=int(candidate))
    return ModelKey(model, candidate)
