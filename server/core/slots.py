"""How the Predict calls that may be under way are shared between models.

* A model is in use while it has calls under way, and for ``RESERVED_S`` after its last
  call ended or its last frame began to wait.
* A slot is kept for each model in use that has no call under way. Beyond its first, a
  model takes no slot that is kept.

So a model that is slow, or hangs, leaves every other model in use a slot, as far as
there are enough; a model that is alone takes them all.
"""

from __future__ import annotations

from collections import OrderedDict

from server.core.model import ModelKey

RESERVED_S = 5.0
"""How long a slot is kept for a model without calls or frames."""


class Slots:
    """At most ``count`` calls under way, shared as above. Time is monotonic seconds."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.calls = 0
        self._calls_of: dict[ModelKey, int] = {}  # models with calls under way
        self._idle: OrderedDict[ModelKey, float] = OrderedDict()  # in use without; since when

    def want(self, model: ModelKey, now: float) -> None:
        """A frame of ``model`` begins to wait."""
        if model not in self._calls_of:
            self._idle[model] = now
            self._idle.move_to_end(model)

    def occupy(self, model: ModelKey) -> None:
        """A call of ``model`` begins."""
        self.calls += 1
        self._calls_of[model] = self._calls_of.get(model, 0) + 1
        self._idle.pop(model, None)

    def free(self, model: ModelKey, now: float) -> None:
        """A call of ``model`` has ended."""
        self.calls -= 1
        self._calls_of[model] -= 1
        if not self._calls_of[model]:
            del self._calls_of[model]
            self._idle[model] = now

    def allow(self, model: ModelKey, now: float) -> bool:
        """Return whether ``model`` may begin a call."""
        if self.calls >= self.count or model not in self._calls_of:
            return self.calls < self.count
        while self._idle and now - next(iter(self._idle.values())) >= RESERVED_S:
            self._idle.popitem(last=False)
        return self.calls < self.count - len(self._idle)
