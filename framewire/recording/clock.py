"""Times of the monotonic clock as times of the day."""

from __future__ import annotations

import time

_OFFSET_S = time.time() - time.monotonic()


def since_1970(monotonic: float) -> float:
    """Return a time of ``time.monotonic`` in seconds since 1970.

    Unlike ``time.time``, such times never jump.
    """
    return monotonic + _OFFSET_S
