"""The clear cases: boxes that only one track can belong to, and which no other box claims."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from server.core.tracking.motion import Predictions, Spread, State
from server.core.tracking.track import Track

Box = Sequence[float]
_NONE, _SEVERAL = -1, -2


class Matches:
    """The track and the velocities of each box, as far as they are known.

    ``unclear`` has the numbers of the boxes without a track, ``followed`` the tracks with a
    box, from left to right, ``missing`` those without one, and ``spreads`` those of the
    tracks found.
    """

    __slots__ = ("followed", "found", "missing", "spreads", "unclear", "velocities")

    def __init__(self, boxes: int) -> None:
        self.found: list[Track | None] = [None] * boxes
        self.velocities: list[list[float] | None] = [None] * boxes
        self.unclear: list[int] = []
        self.followed: list[Track] = []
        self.missing: list[Track] = []
        self.spreads: set[Spread] = set()


class _Expected(NamedTuple):
    """The tracks as they are, where they should be by now, and in which order from the left.

    ``clear``: how far off a box may be, in sizes of its track; ``widest``: in any case.
    """

    states: list[State]
    xs: list[float]
    ys: list[float]
    order: list[int]
    sorted_xs: list[float]
    clear: float
    widest: float


def sweep(
    tracks: Sequence[Track],
    boxes: Sequence[Box],
    kinds: Sequence[int],
    predictions: Predictions,
    matches: Matches,
) -> None:
    """Correct the tracks of all clear cases. All ``tracks`` were last detected together.

    ``predictions`` has those of all their spreads, and no others.

    One long loop, because it is most of what tracking costs: it saves on calls, and on
    everything that is done once per box. ``motion.corrected`` is the same arithmetic.
    """
    found, velocities, unclear = matches.found, matches.velocities, matches.unclear
    expected = _expect(tracks, predictions)
    states, xs, ys, order, sorted_xs, _, widest = expected
    now, known, none = predictions.now, None, _NONE
    contested: set[int] = set()
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        x, y = x0 + x1, y0 + y1
        right, low, high = x + widest, y - widest, y + widest
        at, only = bisect_left(sorted_xs, x - widest), none
        while sorted_xs[at] < right:
            i = order[at]
            at += 1
            if low < ys[i] < high:
                only = i if only == none else _only(only, i, x, y, expected)
        track = tracks[only]
        if only < 0 or track.kind != kinds[number]:
            unclear.append(number)
            continue
        if track.spread is not known:
            if track.spread[0] == now:  # another box has it
                contested.add(only)
                unclear.append(number)
                continue
            known = track.spread
            prediction = predictions[known]
            reach, clear, after = prediction.reach, prediction.clear, prediction.after
            gain, speed = prediction.gain, prediction.speed_gain
            rest = 1 - gain
            size_gain, growth_gain = prediction.size_gain, prediction.growth_gain
            matches.spreads.add(after)
        _, _, width, height, vx, vy, growth_x, growth_y = states[only]
        width += growth_x * reach
        height += growth_y * reach
        off_x, off_y, far = x - xs[only], y - ys[only], clear * (width + height)
        if not (-far < off_x < far and -far < off_y < far):
            unclear.append(number)
            continue
        off_width, off_height = x1 - x0 - width, y1 - y0 - height
        vx += speed * off_x
        vy += speed * off_y
        growth_x += growth_gain * off_width
        growth_y += growth_gain * off_height
        track.spread = after
        track.state = (
            x - rest * off_x,
            y - rest * off_y,
            width + size_gain * off_width,
            height + size_gain * off_height,
            vx,
            vy,
            growth_x,
            growth_y,
        )
        found[number] = track
        velocities[number] = [vx - growth_x, vy - growth_y, vx + growth_x, vy + growth_y]
    for i in contested:
        _take_back(tracks[i], states[i], predictions, matches)
    matches.followed = [tracks[i] for i in order]
    if len(boxes) - len(unclear) < len(tracks):
        matches.missing = [track for track in tracks if track.spread[0] < now]
        matches.followed = [track for track in matches.followed if track.spread[0] == now]


def _expect(tracks: Sequence[Track], predictions: Predictions) -> _Expected:
    states = [track.state for track in tracks]
    reach = predictions[tracks[0].spread].reach  # the same for all
    xs = [state[0] + state[4] * reach for state in states]
    ys = [state[1] + state[5] * reach for state in states]
    order = sorted(range(len(xs)), key=xs.__getitem__)
    largest = max([state[2] + state[3] for state in states])
    clear = max([prediction.clear for prediction in predictions.values()])
    sorted_xs = [xs[i] for i in order]
    sorted_xs.append(math.inf)  # ends every search
    return _Expected(states, xs, ys, order, sorted_xs, clear, clear * largest)


def _only(one: int, other: int, x: float, y: float, expected: _Expected) -> int:
    """Return the one of two tracks that a box at (x, y) may belong to, or ``_SEVERAL``."""
    if one == _SEVERAL or not _is_near(other, x, y, expected):
        return one
    return _SEVERAL if _is_near(one, x, y, expected) else other


def _is_near(track: int, x: float, y: float, expected: _Expected) -> bool:
    state = expected.states[track]
    far = expected.clear * (state[2] + state[3])
    return abs(x - expected.xs[track]) < far and abs(y - expected.ys[track]) < far


def _take_back(track: Track, state: State, predictions: Predictions, matches: Matches) -> None:
    """Restore a track that another box claims as well; its own becomes unclear."""
    number = matches.found.index(track)
    matches.found[number] = matches.velocities[number] = None
    matches.unclear.append(number)
    after = track.spread
    track.state = state
    track.spread = next(s for s, prediction in predictions.items() if prediction.after is after)
