"""When a camera captures its frames. Pure: the same profile gives the same times."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from loadtest.cameras.profile import Profile


def captures(profile: Profile, number: int) -> Iterator[float]:
    """Yield when camera ``number`` captures its frames, in seconds after the start, in order.

    What happens to earlier frames changes nothing: this is what makes the loop open.
    """
    dice = random.Random(f"{profile.seed} {number}")
    joins_at, interval_s = profile.joins_at(number), 1 / profile.rate
    if profile.poisson:
        return _poisson(dice, joins_at, profile.rate)
    phase_s = dice.random() * interval_s  # cameras are not synchronized
    return _steady(dice, joins_at + phase_s, interval_s, profile.jitter)


def _poisson(dice: random.Random, at: float, rate: float) -> Iterator[float]:
    while True:
        at += dice.expovariate(rate)
        yield at


def _steady(dice: random.Random, start: float, interval_s: float, jitter: float) -> Iterator[float]:
    """Yield times that deviate from the beat, but never add up."""
    for beat in itertools.count():
        yield start + interval_s * (beat + jitter * dice.random())
