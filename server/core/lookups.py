"""When a model may be looked up, so that names of missing models stay cheap.

A look-up costs the gateway 0.75 ms of processor time and the model server a call.
Clients choose the names, so both must be bounded whatever they send.

The policy:

* A model that was found is looked up whenever its users need that: there are only as
  many as the model server has.
* First look-ups of other names share ``FIRST_PER_S``, with a burst of ``FIRST_BURST``. One
  that would wait for more than ``LONGEST_WAIT_S`` is refused; its client may try again.
* A missing model is looked up again after a pause that doubles from ``FIRST_PAUSE_S`` to
  ``LONGEST_PAUSE_S``, however many sessions name it, and even if they leave and come back.
  All missing models together share ``AGAIN_PER_S``: n of them wait n / ``AGAIN_PER_S`` each.
* ``MAX_MISSING`` names are remembered. Beyond that the oldest is forgotten, and would be
  looked up as a new one.

Worst cases: missing models cost ``FIRST_PER_S + AGAIN_PER_S`` = 25 look-ups a second, 0.02
cores, whoever asks for how many. A model that comes up is found within 2 s, and if n > 10
missing models are asked for, within n / 5 s. Names from the gateway's own settings are
trusted and few; their look-ups need not ask here.

The caller must: ask ``due`` for a time before each look-up, wait for it, and report what
came of it with ``found`` or ``missing``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from server.core.bucket import TokenBucket

FIRST_PER_S, FIRST_BURST = 20.0, 40
AGAIN_PER_S, AGAIN_BURST = 5.0, 10
LONGEST_WAIT_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
MAX_MISSING = 1024


@dataclass(slots=True)
class _Missing:
    """A model that was not there: when it may be looked up again, and the pause after that."""

    not_before: float
    pause_s: float


class Lookups:
    """The policy above. Pure: time is an argument, in monotonic seconds."""

    def __init__(self, max_missing: int = MAX_MISSING) -> None:
        self._max_missing = max_missing
        self._first = TokenBucket(FIRST_PER_S, FIRST_BURST)
        self._again = TokenBucket(AGAIN_PER_S, AGAIN_BURST)
        self._present: set[Hashable] = set()
        self._missing: OrderedDict[Hashable, _Missing] = OrderedDict()

    def due(self, key: Hashable, now: float) -> float | None:
        """When ``key`` may be looked up: now or later. None: too many look-ups wait already."""
        if key in self._present:
            return now
        missing = self._missing.get(key)
        if missing is None:
            return self._first.reserve(now, LONGEST_WAIT_S)
        turn = self._again.reserve(now, float("inf"))
        assert turn is not None
        return max(missing.not_before, turn)

    def is_missing(self, key: Hashable, now: float) -> bool:
        """Whether ``key`` was missing so recently that there is no need to look again."""
        missing = self._missing.get(key)
        return missing is not None and now < missing.not_before

    def found(self, key: Hashable) -> None:
        """``key`` is there."""
        self._missing.pop(key, None)
        self._present.add(key)

    def missing(self, key: Hashable, now: float) -> None:
        """``key`` is not there."""
        self._present.discard(key)
        entry = self._missing.setdefault(key, _Missing(now, FIRST_PAUSE_S))
        entry.not_before = now + entry.pause_s
        entry.pause_s = min(2 * entry.pause_s, LONGEST_PAUSE_S)
        self._missing.move_to_end(key)
        if len(self._missing) > self._max_missing:
            self._missing.popitem(last=False)

    def __len__(self) -> int:
        return len(self._missing)
