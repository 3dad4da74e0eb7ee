"""Where a box should be by now: constant velocity, in a Kalman filter that adapts.

Variances are in squares of the box's own size, so one set of constants suits near and far
objects. How uncertain a track is follows from when it was detected, not from where. Tracks
with the same history share one :class:`Spread`, so a frame computes each gain once, not
once per box.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from operator import attrgetter

# Variance of a detector's error in a centre; what a second adds to a velocity's variance.
NOISE = 0.0022
ACCELERATION = 6.0
# What is known of a new track's velocity, in sizes per second, as a variance.
UNKNOWN_VELOCITY = 2.7
# Sizes are taken as they are. They change less than centres: what they say about growth counts
# for this share of what a centre says about its velocity.
GROWTH_GAIN = 0.04
# A velocity is believed for this long after the last detection, and then less and less.
DAMPING_S = 0.5
# A box up to this many standard deviations off is where it should be. One that is farther
# away has turned, if it belongs to the track at all, and its velocity is learnt again.
CLEAR = 2.3
TURN_VELOCITY = 3.0
# Histories whose variances differ by less than this share count as one.
ALIKE = 0.1

# Aliases of plain tuples, and not named ones: those take three times as long to make.
Place = tuple[float, float, float, float]
"""Twice the centre (x, y), and the size, of a box."""

State = tuple[float, float, float, float, float, float, float, float]
"""Twice the centre (x, y), the size, and half of each one's velocity per second.

So an edge's velocity is the centre's plus or minus the size's.
"""

Velocities = tuple[float, float, float, float]
"""The velocities of the edges x0, y0, x1, y1, per second."""


class Spread:
    """How uncertain the tracks are that share a history of detections.

    ``at``: the time of the latest one. ``position`` and ``velocity``: their variances.
    ``shared``: the covariance of the two. Equal ones are told apart, since hashing four
    numbers takes longer than predicting them twice would.
    """

    __slots__ = ("at", "position", "shared", "velocity")

    def __init__(self, at: float, position: float, shared: float, velocity: float) -> None:
        self.at = at
        self.position = position
        self.shared = shared
        self.velocity = velocity


class Prediction:
    """What a :class:`Spread` leads to at a later time.

    ``reach``: twice the seconds for which a velocity counts, since states have halves of
    velocities. ``variance``: of the distance to a box. ``clear``: how far a box may be off,
    in its own sizes. ``gain``, ``speed_gain`` and ``growth_gain``: how much of what a box is
    off corrects a state. ``after``: the spread after that.
    """

    __slots__ = (
        "after",
        "clear",
        "gain",
        "growth_gain",
        "reach",
        "speed_gain",
        "variance",
    )

    def __init__(self, spread: Spread, now: float, surprise: float = 0.0) -> None:
        elapsed = now - spread.at
        drift = ACCELERATION * elapsed
        velocity = spread.velocity + surprise
        position = spread.position + elapsed * (
            2 * spread.shared + elapsed * (velocity + drift / 3)
        )
        shared = spread.shared + elapsed * (velocity + drift / 2)
        self.variance = variance = position + NOISE
        self.gain = gain = position / variance
        speed_gain = shared / variance
        self.speed_gain = half = speed_gain / 2
        self.growth_gain = GROWTH_GAIN * half
        self.clear = CLEAR * math.sqrt(variance)
        self.reach = 2 * elapsed
        if elapsed > DAMPING_S:
            self.reach = 2 * DAMPING_S * (2 - DAMPING_S / elapsed)
        rest = 1 - gain
        self.after = Spread(
            now,
            position * rest,
            shared * rest,
            velocity + drift - speed_gain * shared,
        )


_ORDER = attrgetter("at", "position", "shared", "velocity")


class Predictions(dict[Spread, Prediction]):
    """The predictions for ``now``, each computed once.

    Those of ``spreads`` are there from the start, and alike ones share one. ``widest`` is the
    largest ``clear`` of theirs.
    """

    __slots__ = ("now", "widest")

    def __init__(self, now: float, spreads: Collection[Spread] = ()) -> None:
        self.now = now
        self.widest = 0.0
        latest = None
        for spread in sorted(spreads, key=_ORDER) if len(spreads) > 1 else spreads:
            if latest is None or not _alike(latest, spread):
                prediction, latest = Prediction(spread, now), spread
                self.widest = max(self.widest, prediction.clear)
            self[spread] = prediction

    def __missing__(self, spread: Spread) -> Prediction:
        prediction = self[spread] = Prediction(spread, self.now)
        return prediction


def _alike(one: Spread, other: Spread) -> bool:
    return (
        one.at == other.at
        and abs(one.position - other.position) < ALIKE * one.position
        and abs(one.velocity - other.velocity) < ALIKE * one.velocity
    )


def begin(now: float) -> Spread:
    """Return the spread of tracks that are detected for the first time."""
    return Spread(now, NOISE, 0.0, UNKNOWN_VELOCITY)


def predicted(state: State, reach: float) -> State:
    """Return a state after ``reach``."""
    x, y, width, height, vx, vy, growth_x, growth_y = state
    return (
        x + vx * reach,
        y + vy * reach,
        max(width + growth_x * reach, width / 2),
        max(height + growth_y * reach, height / 2),
        vx,
        vy,
        growth_x,
        growth_y,
    )


def corrected(state: State, place: Place, prediction: Prediction) -> State:
    """Return a predicted state, corrected by the box that was detected."""
    x, y, width, height, vx, vy, growth_x, growth_y = state
    box_x, box_y, box_width, box_height = place
    gain, speed, growth = prediction.gain, prediction.speed_gain, prediction.growth_gain
    off_x, off_y = box_x - x, box_y - y
    return (
        x + gain * off_x,
        y + gain * off_y,
        box_width,
        box_height,
        vx + speed * off_x,
        vy + speed * off_y,
        growth_x + growth * (box_width - width),
        growth_y + growth * (box_height - height),
    )
