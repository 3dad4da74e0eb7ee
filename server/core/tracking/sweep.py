"""The clear cases: boxes that only one track can belong to, and which no other box claims."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from server.core.tracking.motion import Predictions, Spread, State, Velocities, velocities
from server.core.tracking.track import Track

Box = Sequence[float]
# A box that is this many times nearer to one track than to another belongs to it.
NEARER = 3.0
_NONE, _SEVERAL = -1, -2

_Places = tuple[list[State], list[float], list[float]]
"""The states of all tracks, and twice the centres, x and y, where they should be by now."""


class Matches:
    """The track of each box, its id and velocities, as far as they are known.

    ``unclear`` has the numbers of the boxes without a track, ``followed`` the tracks with a
    box, from left to right, and ``missing`` those without one. ``spreads`` are those of the
    tracks found, ``largest`` is the largest width + height of one.
    """

    __slots__ = (
        "followed",
        "found",
        "ids",
        "largest",
        "missing",
        "spreads",
        "unclear",
        "velocities",
    )

    def __init__(self, boxes: int) -> None:
        self.found: list[Track | None] = [None] * boxes
        self.ids: list[int | None] = [None] * boxes
        self.velocities: list[Velocities | None] = [None] * boxes
        self.unclear: list[int] = []
        self.followed: list[Track] = []
        self.missing: list[Track] = []
        self.spreads: set[Spread] = set()
        self.largest = 0.0

    def add(self, box: int, track: Track) -> None:
        """Take in that a box, by its number, continues a track or begins one."""
        self.found[box] = track
        self.ids[box] = track.id
        self.velocities[box] = velocities(track.state)
        self.followed.append(track)
        self.spreads.add(track.spread)
        self.largest = max(self.largest, track.state[2] + track.state[3])


def sweep(
    tracks: Sequence[Track],
    boxes: Sequence[Box],
    kinds: Sequence[int],
    largest: float,
    predictions: Predictions,
    matches: Matches,
) -> None:
    """Correct the tracks of all clear cases. All ``tracks`` were last detected together.

    ``predictions`` has those of all their spreads, and no others; ``largest`` is the largest
    width + height of them.

    One long loop, because it is most of what tracking costs: it saves on calls, and on
    everything that is done once per box. ``motion.corrected`` is the same arithmetic.
    """
    found, ids, speeds, unclear = matches.found, matches.ids, matches.velocities, matches.unclear
    states = [track.state for track in tracks]
    xs, ys, order, sorted_xs = _expect(tracks, states, predictions)
    widest, places = predictions.widest * largest, (states, xs, ys)
    now, known, none, largest = predictions.now, None, _NONE, 0.0
    contested: set[int] = set()
    for number, (x0, y0, x1, y1) in enumerate(boxes):
        x, y = x0 + x1, y0 + y1
        right, low, high = x + widest, y - widest, y + widest
        at, only = bisect_left(sorted_xs, x - widest), none
        while sorted_xs[at] < right:
            i = order[at]
            at += 1
            if low < ys[i] < high:
                only = i if only == none else _only(only, i, x, y, places, predictions.widest)
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
            clear, after, speed = prediction.clear, prediction.after, prediction.speed_gain
            rest, growth_gain = 1 - prediction.gain, prediction.growth_gain
            kept = 1 - growth_gain * prediction.reach
            matches.spreads.add(after)
        _, _, width, height, vx, vy, growth_x, growth_y = states[only]
        size = width + height
        off_x, off_y, far = x - xs[only], y - ys[only], clear * size
        near = -far
        if not (near < off_x < far and near < off_y < far):
            unclear.append(number)
            continue
        if size > largest:
            largest = size
        box_width, box_height = x1 - x0, y1 - y0
        vx += speed * off_x
        vy += speed * off_y
        growth_x = kept * growth_x + growth_gain * (box_width - width)
        growth_y = kept * growth_y + growth_gain * (box_height - height)
        track.spread = after
        track.state = (
            x - rest * off_x,
            y - rest * off_y,
            box_width,
            box_height,
            vx,
            vy,
            growth_x,
            growth_y,
        )
        found[number] = track
        ids[number] = track.id
        speeds[number] = (vx - growth_x, vy - growth_y, vx + growth_x, vy + growth_y)
    matches.largest = largest
    for i in contested:
        _take_back(tracks[i], states[i], predictions, matches)
    matches.followed = [tracks[i] for i in order]
    _divide(matches, now, len(boxes) - len(unclear))


def _divide(matches: Matches, now: float, paired: int) -> None:
    """Tell the tracks that have a box from those that do not. ``paired``: how many have."""
    tracks = matches.followed
    if paired == len(tracks):
        return
    matches.followed = [track for track in tracks if track.spread[0] == now]
    matches.missing = [track for track in tracks if track.spread[0] < now]


def _expect(
    tracks: Sequence[Track], states: Sequence[State], predictions: Predictions
) -> tuple[list[float], list[float], list[int], list[float]]:
    """Return where the tracks should be, x and y, their order from the left, and x in order."""
    reach = predictions[tracks[0].spread].reach  # the same for all
    xs = [state[0] + state[4] * reach for state in states]
    ys = [state[1] + state[5] * reach for state in states]
    order = sorted(range(len(xs)), key=xs.__getitem__)
    sorted_xs = [xs[i] for i in order]
    sorted_xs.append(math.inf)  # ends every search
    return xs, ys, order, sorted_xs


def _only(one: int, other: int, x: float, y: float, places: _Places, clear: float) -> int:
    """Return the one of two tracks that a box at (x, y) may belong to, or ``_SEVERAL``.

    A track is out of question if the box is not near it, or far nearer to the other one.
    """
    if one == _SEVERAL:
        return one
    near, far = _distance(one, x, y, places), _distance(other, x, y, places)
    if near > far:
        one, near, far = other, far, near
    return one if far > clear or far > NEARER * near else _SEVERAL


def _distance(track: int, x: float, y: float, places: _Places) -> float:
    """Return how far a box is from where a track should be, in sizes."""
    states, xs, ys = places
    size = states[track][2] + states[track][3]
    off = max(abs(x - xs[track]), abs(y - ys[track]))
    return off / size if size else math.inf


def _take_back(track: Track, state: State, predictions: Predictions, matches: Matches) -> None:
    """Restore a track that another box claims as well; its own becomes unclear."""
    number = matches.found.index(track)
    matches.found[number] = matches.ids[number] = matches.velocities[number] = None
    matches.unclear.append(number)
    after = track.spread
    track.state = state
    track.spread = next(s for s, prediction in predictions.items() if prediction.after is after)
