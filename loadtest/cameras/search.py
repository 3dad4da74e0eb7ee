"""Find the most cameras that a gateway serves well. Pure."""

from __future__ import annotations

from collections.abc import Callable


def most(meets: Callable[[int], bool], first: int, limit: int, accuracy: float = 0.05) -> int:
    """Return the largest number found that ``meets``; 0 if not even 1 does.

    Doubles from ``first`` up to ``limit`` while it meets, then halves the interval in between
    until it is no wider than ``accuracy`` of the number.
    """
    good, bad, candidate = 0, limit + 1, min(first, limit)
    while good < candidate < bad:
        if meets(candidate):
            good = candidate
        else:
            bad = candidate
        if bad > limit:
            candidate = min(2 * candidate, limit)
        elif bad - good > max(1, accuracy * good):
            candidate = (good + bad) // 2
        else:
            break
    return good
