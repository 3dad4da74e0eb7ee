"""The life of tracks: they begin, are confirmed, get lost, return, and end."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter, neg

from server.core.answers import Detections, Tracks
from server.core.tracking.association import ALONE, pair
from server.core.tracking.likelihood import Candidate, Target, candidates
from server.core.tracking.motion import (
    TURN_VELOCITY,
    Prediction,
    Predictions,
    Spread,
    begin,
    corrected,
    predicted,
)
from server.core.tracking.options import TrackingOptions
from server.core.tracking.sizes import Sizes
from server.core.tracking.sweep import Matches, sweep
from server.core.tracking.track import Sighting, Track

# Bounds on what a frame may cost: the best boxes of a frame, and the latest lost tracks.
MAX_BOXES = 128
MAX_LOST = 128
# A track that is not confirmed ends after this long without a box, if a frame came meanwhile.
UNCONFIRMED_S = 0.25
# A lost track is continued by likelier boxes only, as others may be new objects.
ALONE_LOST = 24.0


class Tracker:
    """Follows the boxes of one stream of frames. ``ids`` numbers the confirmed tracks."""

    def __init__(self, options: TrackingOptions, ids: Iterator[int]) -> None:
        self._options = options
        self._confirm_s, self._lost_s = options.confirm_ms / 1000, options.lost_ms / 1000
        self._ids = ids
        self._provisional = itertools.count(-1, -1)
        self._sizes = Sizes()
        self._seen: list[Sighting] = []  # in the last frame
        self._spreads: set[Spread] = set()  # theirs
        self._lost: list[Sighting] = []  # before it, the latest first
        self._unconfirmed: list[Track] = []
        self._frame_at = -math.inf
        self.oldest = -math.inf
        """Tracks that were last seen before this have ended."""

    def update(self, answer: Detections, now: float) -> Tracks:
        """Return the ids and velocities of a frame captured at ``now`` (s, more than before).

        A box without a confirmed track has None for both.
        """
        boxes, scores = answer.boxes, answer.scores
        most = min(len(boxes), MAX_BOXES)
        confident = _count(scores, self._options.start_score, most)
        self._retire(now)
        self._sizes.renew(self._seen, now)
        matches = Matches(len(boxes), self._sizes)
        predictions = Predictions(now, self._spreads)
        if self._seen:
            sweep(self._seen, answer, confident, predictions, matches)
        else:
            matches.unclear.extend(range(confident))
        if matches.unclear or matches.missing or self._lost:
            weak = range(confident, _count(scores, self._options.keep_score, most))
            self._settle(answer, weak, predictions, matches)
        self._seen, self._spreads = matches.followed, matches.spreads
        if self._unconfirmed:
            self._confirm(matches, now)
        return Tracks(matches.ids, matches.velocities)

    def _retire(self, now: float) -> None:
        """End the tracks that were lost for too long.

        A time without frames does not count, up to as long again: nobody could have seen them.
        """
        self.oldest = oldest = now - self._lost_s - min(now - self._frame_at, self._lost_s)
        self._frame_at = now
        if self._seen and self._seen[0][8].spread.at < oldest:
            self._seen = []
        if self._lost:
            self._lost = [entry for entry in self._lost if entry[8].spread.at >= oldest]

    def _settle(
        self, answer: Detections, weak: range, predictions: Predictions, matches: Matches
    ) -> None:
        """Pair what the sweep left over, begin tracks, and sort out the lost ones."""
        boxes, missing, lost = candidates(answer, matches.unclear), matches.missing, self._lost
        boxes, missing = self._pair(boxes, missing, predictions, matches)
        boxes, lost = self._pair(boxes, lost, predictions, matches, ALONE_LOST)
        if weak and (missing or lost):
            others = candidates(answer, weak)
            others, missing = self._pair(others, missing, predictions, matches)
            _, lost = self._pair(others, lost, predictions, matches, ALONE_LOST)
        if boxes:
            self._begin(boxes, predictions.now, matches)
        oldest = predictions.now - UNCONFIRMED_S
        self._lost = [
            entry
            for entry in missing + lost
            if (entry[8].id > 0 or entry[8].spread.at >= oldest) and _is_inside(entry, predictions)
        ][:MAX_LOST]

    def _pair(
        self,
        boxes: list[Candidate],
        tracks: list[Sighting],
        predictions: Predictions,
        matches: Matches,
        alone: float = ALONE,
    ) -> tuple[list[Candidate], list[Sighting]]:
        """Pair boxes with tracks. Return the boxes and the tracks that remain."""
        if not boxes or not tracks:
            return boxes, tracks
        targets = [_target(track, predictions) for track in tracks]
        pairs = {number: j for _, number, j in pair(boxes, targets, alone)}
        followed = set(pairs.values())
        for box in boxes:
            j = pairs.get(box[5])
            if j is not None:
                matches.add(box[5], _correct(tracks[j][8], targets[j], box, predictions.now))
        return (
            [box for box in boxes if box[5] not in pairs],
            [track for j, track in enumerate(tracks) if j not in followed],
        )

    def _begin(self, boxes: Sequence[Candidate], now: float, matches: Matches) -> None:
        spread = begin(now)
        for box in sorted(boxes, key=itemgetter(5)):  # the best one first
            track = Track(next(self._provisional), box[4], spread)
            matches.add(box[5], (*box[:4], 0.0, 0.0, 0.0, 0.0, track))
            self._unconfirmed.append(track)

    def _confirm(self, matches: Matches, now: float) -> None:
        """Number the tracks that have been seen for long enough, and forget those that ended."""
        waiting = []
        for track in self._unconfirmed:
            if track.spread.at == now:
                number = matches.ids.index(track.id)
                if now - track.first >= self._confirm_s:
                    matches.ids[number] = track.id = next(self._ids)
                    continue
                matches.ids[number] = matches.velocities[number] = None
            if track.spread.at >= now - UNCONFIRMED_S:
                waiting.append(track)
        self._unconfirmed = waiting


def _count(scores: Sequence[float], least: float, most: int) -> int:
    """Return how many scores, best first, are at least ``least``; at most ``most``."""
    if most and scores[most - 1] >= least:
        return most
    return bisect_right(scores, -least, 0, most, key=neg)


def _target(sighting: Sighting, predictions: Predictions) -> Target:
    track = sighting[8]
    prediction = predictions[track.spread]
    return Target(predicted(sighting[:8], prediction.reach), track, prediction)


def _is_inside(sighting: Sighting, predictions: Predictions) -> bool:
    """Return whether a lost track should still be in the frame: if not, it does not return."""
    reach = predictions[sighting[8].spread].reach
    x, y = sighting[0] + sighting[4] * reach, sighting[1] + sighting[5] * reach
    return 0 <= x <= 2 and 0 <= y <= 2


def _correct(track: Track, target: Target, box: Candidate, now: float) -> Sighting:
    """Continue a track. One that was not where it should be has turned."""
    prediction, expected = target.prediction, target.state
    far = prediction.clear * (expected[2] + expected[3])
    if math.hypot(box[0] - expected[0], box[1] - expected[1]) > far:
        prediction = Prediction(track.spread, now, TURN_VELOCITY)
    track.spread, track.kind = prediction.after, box[4]
    return (*corrected(expected, box[:4], prediction), track)
