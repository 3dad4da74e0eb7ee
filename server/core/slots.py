"""How models share the Predict calls that may be under way.

* A model is in use while it has calls under way, and for ``RESERVED_S`` after its last
  call ended or its last frame began to wait.
* A slot is reserved for each model in use that has no call under way. Beyond its first,
  a model takes no reserved slot.
* The limit follows the model server (:mod:`server.core.concurrency`). However low it is,
  up to ``FIRST_CALLS`` models may have their first call under way.
* A model whose calls have only expired for ``HANGS_AFTER_S`` has one call at a time until
  one is answered: the model server may still be working on those that were given up.

So a model that is slow, or hangs, leaves every other model in use a slot, as far as
there are enough; a model that is alone takes them all.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Protocol

from server.core.concurrency import Call, CallOutcome
from server.core.model import Lane, ModelKey

RESERVED_S = 5.0
"""How long a slot is reserved for a model without calls or frames."""

FIRST_CALLS = 3
HANGS_AFTER_S = 1.0


class Limit(Protocol):
    """What bounds the calls; :class:`~server.core.concurrency.ConcurrencyLimit` has the rules."""

    limit: int
    maximum: int

    def ready_at(self, now: float, full: bool = True) -> float | None:
        """Return when the next call may start if none ends before; None: not before one ends."""

    def started(self, now: float) -> Call:
        """Count a call that starts."""

    def finished(
        self, call: Call, now: float, kind: Lane, frames: int, outcome: CallOutcome
    ) -> None:
        """Learn from a call that ended."""


class SlotTable(Protocol):
    """What the batcher asks for slots: one backend's, or a balancer over those of several.

    What ``occupy`` returns stands for the call, and goes back to ``free``.
    """

    @property
    def calls(self) -> int:
        """How many calls are under way."""

    @property
    def count(self) -> int:
        """How many calls may be under way now."""

    def want(self, model: ModelKey, now: float) -> None:
        """Note that a frame of ``model`` begins to wait."""

    def ready_at(self, model: ModelKey, now: float, full: bool = True) -> float | None:
        """Return when ``model`` may begin a call if none ends before; None: not before one ends.

        ``full``: whether its batch has no room for more frames.
        """

    def occupy(self, model: ModelKey, now: float) -> Any:
        """Begin a call of ``model``, and return what stands for it."""

    def free(self, call: Any, lane: Lane, now: float, frames: int, outcome: CallOutcome) -> None:
        """End a call, whose ``outcome`` may change how many others may be under way."""


class Slots:
    """The calls under way, shared as above. Time is monotonic seconds."""

    def __init__(self, limit: Limit) -> None:
        self.calls = 0
        self._limit = limit
        self._first_calls = min(FIRST_CALLS, limit.maximum)
        self._calls_of: dict[ModelKey, int] = {}  # models with calls under way
        self._idle: OrderedDict[ModelKey, float] = OrderedDict()  # in use without; since when
        self._expiring: dict[ModelKey, float] = {}  # since when no call was answered

    @property
    def count(self) -> int:
        """How many calls may be under way now."""
        return self._limit.limit

    def want(self, model: ModelKey, now: float) -> None:
        """Note that a frame of ``model`` begins to wait."""
        if model not in self._calls_of:
            self._idle[model] = now
            self._idle.move_to_end(model)

    def ready_at(self, model: ModelKey, now: float, full: bool = True) -> float | None:
        """Return when ``model`` may begin a call if none ends before; None: not before one ends.

        ``full``: whether its batch has no room for more frames.
        """
        if model not in self._calls_of:
            return now if self.calls < self._first_calls else self._limit.ready_at(now, full)
        if self._idle:
            self._forget_unused(now)
        if self.calls >= self._limit.limit - len(self._idle) or self._hangs(model, now):
            return None
        return self._limit.ready_at(now, full)

    def occupy(self, model: ModelKey, now: float) -> Call:
        """Begin a call of ``model``, and return what stands for it."""
        self.calls += 1
        self._calls_of[model] = self._calls_of.get(model, 0) + 1
        self._idle.pop(model, None)
        return self._limit.started(now)

    def free(self, call: Call, lane: Lane, now: float, frames: int, outcome: CallOutcome) -> None:
        """End a call, whose ``outcome`` may change how many others may be under way."""
        self._limit.finished(call, now, lane, frames, outcome)
        model = lane.model
        self.calls -= 1
        self._calls_of[model] -= 1
        if not self._calls_of[model]:
            del self._calls_of[model]
            self._idle[model] = now
        if outcome == "expired":
            self._expiring.setdefault(model, now)
        elif outcome == "answered":
            self._expiring.pop(model, None)

    def _forget_unused(self, now: float) -> None:
        while self._idle and now - next(iter(self._idle.values())) >= RESERVED_S:
            model, _ = self._idle.popitem(last=False)
            self._expiring.pop(model, None)

    def _hangs(self, model: ModelKey, now: float) -> bool:
        return now - self._expiring.get(model, now) >= HANGS_AFTER_S
