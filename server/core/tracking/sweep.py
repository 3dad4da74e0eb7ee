"""The clear cases: boxes that only one track can belong to, and which no other box claims."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from itertools import compress
from operator import not_, sub
from typing import cast

from server.core.answers import Detections
from server.core.tracking.motion import Predictions, Spread, Velocities, begin
from server.core.tracking.sizes import Sizes
from server.core.tracking.track import Sighting, Track

# A box that is this many times nearer to one track than to another belongs to it.
NEARER = 3.0
# Tracks of which this many lie side by side within reach of a box are crowded: nothing is clear.
CROWD = 16
# Follows the last track. No box belongs to it, since no box is of its class.
_NOBODY: Sighting = (0, 0, 0, 0, 0, 0, 0, 0, Track(0, cast(int, None), begin(-math.inf)))
_SEVERAL = -1
_ENDS = (math.inf, math.inf)

_Places = tuple[list[Sighting], list[float], list[float]]
"""All tracks, and twice the centres, x and y, where they should be by now."""


class Matches:
    """The id and velocities of each box, as far as its track is known.

    ``unclear`` has the numbers of the boxes without a track, ``followed`` the tracks with a
    box, from left to right, and ``missing`` those without one. ``spreads`` are those of the
    tracks followed.
    """

    __slots__ = ("followed", "ids", "missing", "sizes", "spreads", "unclear", "velocities")

    def __init__(self, boxes: int, sizes: Sizes) -> None:
        self.ids: list[int | None] = [None] * boxes
        self.velocities: list[Velocities | None] = [None] * boxes
        self.unclear: list[int] = []
        self.followed: list[Sighting] = []
        self.missing: list[Sighting] = []
        self.spreads: set[Spread] = set()
        self.sizes = sizes

    def add(self, box: int, sighting: Sighting) -> None:
        """Take in that a box, by its number, continues a track or begins one."""
        _, _, width, height, vx, vy, growth_x, growth_y, track = sighting
        self.ids[box] = track.id
        self.velocities[box] = vx - growth_x, vy - growth_y, vx + growth_x, vy + growth_y
        self.followed.append(sighting)
        self.spreads.add(track.spread)
        self.sizes.add(width + height)

    def take_back(self, track: Track) -> None:
        """Make the box of a track unclear."""
        number = self.ids.index(track.id)
        self.ids[number] = self.velocities[number] = None
        self.unclear.append(number)


def sweep(
    seen: list[Sighting],
    answer: Detections,
    confident: int,
    predictions: Predictions,
    matches: Matches,
) -> None:
    """Correct the tracks of all clear cases among the ``confident`` best boxes.

    The tracks were last ``seen`` together. ``predictions`` has those of all their spreads, and
    no others.
    """
    places = _expect(seen, predictions)
    widest = predictions.widest * matches.sizes.largest
    if _are_crowded(places[1], 2 * widest):
        matches.unclear.extend(range(confident))
        matches.missing = places[0][:-1]
    else:
        _follow(places, widest, answer, confident, predictions, matches)


def _are_crowded(xs: Sequence[float], reach: float) -> bool:
    """Return whether many tracks are near each other by x. It is enough to look at some."""
    return len(xs) > CROWD and min(map(sub, xs[CROWD::CROWD], xs[::CROWD])) < reach


def _follow(
    places: _Places,
    widest: float,
    answer: Detections,
    confident: int,
    predictions: Predictions,
    matches: Matches,
) -> None:
    """Go through the boxes. ``widest``: how far a box may be from its track to be clear.

    One long loop, because it is most of what tracking costs: it saves on calls, and on
    everything that is done once per box. ``motion.corrected`` is the same arithmetic.
    """
    seen, xs, ys = places
    nobody, clearest, smallest = len(ys), predictions.widest, matches.sizes.smallest
    ids, speeds, unclear = matches.ids, matches.velocities, matches.unclear
    now, known, contested, lower = predictions.now, None, set[int](), -widest
    followed: list[Sighting | None] = [None] * nobody
    boxes, kinds = answer.boxes, answer.classes
    for number, (x0, y0, x1, y1) in enumerate(
        boxes if confident == len(boxes) else boxes[:confident]
    ):
        x, y = x0 + x1, y0 + y1
        at = bisect_left(xs, x - widest)
        other, right = at + 1, x + widest
        while xs[other] < right:  # it is near enough by x as well: by y, too?
            if lower < y - ys[other] < widest:
                is_second = at < 0 or lower < y - ys[at] < widest
                at = _only(at, other, x, y, places, clearest) if is_second else other
            other += 1
        _, _, width, height, vx, vy, growth_x, growth_y, track = seen[at]
        if track.kind != kinds[number]:
            unclear.append(number)
            continue
        if track.spread is not known:
            if other > at + 1 and not lower < y - ys[at] < widest:  # near by x only
                unclear.append(number)
                continue
            if track.spread.at == now:  # another box has it
                contested.add(at)
                unclear.append(number)
                continue
            known = track.spread
            prediction = predictions[known]
            clear, after, speed = prediction.clear, prediction.after, prediction.speed_gain
            rest, growth_gain = 1 - prediction.gain, prediction.growth_gain
            kept, tight = 1 - growth_gain * prediction.reach, clear * smallest
            loose = -tight
            matches.spreads.add(after)
        off_x, off_y = x - xs[at], y - ys[at]
        if not (loose < off_x < tight and loose < off_y < tight) and not (
            max(abs(off_x), abs(off_y)) < clear * (width + height)
        ):
            unclear.append(number)
            continue
        box_width, box_height = x1 - x0, y1 - y0
        vx += speed * off_x
        vy += speed * off_y
        growth_x = kept * growth_x + growth_gain * (box_width - width)
        growth_y = kept * growth_y + growth_gain * (box_height - height)
        track.spread = after
        followed[at] = (
            x - rest * off_x,
            y - rest * off_y,
            box_width,
            box_height,
            vx,
            vy,
            growth_x,
            growth_y,
            track,
        )
        ids[number] = track.id
        speeds[number] = (vx - growth_x, vy - growth_y, vx + growth_x, vy + growth_y)
    if unclear or confident < nobody:
        _divide(seen, followed, contested, predictions, matches)
    else:
        matches.followed = cast(list[Sighting], followed)


def _expect(seen: list[Sighting], predictions: Predictions) -> _Places:
    """Return the tracks from left to right, and where they should be: x and y.

    ``_NOBODY`` follows the tracks, and two infinities, which end every search, follow x.
    """
    reach = predictions[seen[0][8].spread].reach  # the same for all
    xs = [sighting[0] + sighting[4] * reach for sighting in seen]
    in_order = sorted(xs)
    if in_order != xs:
        seen = sorted(seen, key=partial(next, iter(xs)))  # each by its x: both are in one order
    ys = [sighting[1] + sighting[5] * reach for sighting in seen]
    seen.append(_NOBODY)
    in_order += _ENDS
    return seen, in_order, ys


def _divide(
    seen: Sequence[Sighting],
    followed: list[Sighting | None],
    contested: set[int],
    predictions: Predictions,
    matches: Matches,
) -> None:
    """Tell the tracks that have a box from those that do not, or that several boxes claim."""
    for at in contested:
        followed[at] = None
        _release(seen[at][8], predictions, matches)
    matches.followed = list(filter(None, followed))
    matches.missing = list(compress(seen, map(not_, followed)))


def _only(one: int, other: int, x: float, y: float, places: _Places, clear: float) -> int:
    """Return the one of two tracks that a box at (x, y) may belong to, or ``_SEVERAL``.

    A track is out of question if the box is not near it, or far nearer to the other one.
    """
    if one == _SEVERAL:
        return one
    seen, xs, ys = places
    size, other_size = seen[one][2] + seen[one][3], seen[other][2] + seen[other][3]
    # How far the box is from where each should be, in sizes.
    near = max(abs(x - xs[one]), abs(y - ys[one])) / size if size else math.inf
    far = max(abs(x - xs[other]), abs(y - ys[other])) / other_size if other_size else math.inf
    if near > far:
        one, near, far = other, far, near
    return one if far > clear or far > NEARER * near else _SEVERAL


def _release(track: Track, predictions: Predictions, matches: Matches) -> None:
    """Let go of a track that another box claims as well; its own becomes unclear."""
    after = track.spread
    track.spread = next(s for s, prediction in predictions.items() if prediction.after is after)
    matches.take_back(track)
