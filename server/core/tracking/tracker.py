"""The life of tracks: they begin, are confirmed, get lost, return, and end."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import neg

from server.core.answers import Detections, Tracks
from server.core.tracking.association import ALONE, Candidate, Target, pair
from server.core.tracking.motion import (
    TURN_VELOCITY,
    Prediction,
    Predictions,
    Spread,
    begin,
    corrected,
    predicted,
    state_of,
)
from server.core.tracking.options import TrackingOptions
from server.core.tracking.sweep import Matches, sweep
from server.core.tracking.track import Track

# Bounds on what a frame may cost: the best boxes of a frame, and the latest lost tracks.
MAX_BOXES = 128
MAX_LOST = 128
# A track that is not confirmed ends after this long without a box, if a frame came meanwhile.
UNCONFIRMED_S = 0.25
# A lost track is continued by likelier boxes only, as others may be new objects.
ALONE_LOST = 22.0


class Tracker:
    """Follows the boxes of one stream of frames. ``ids`` numbers the confirmed tracks."""

    def __init__(self, options: TrackingOptions, ids: Iterator[int]) -> None:
        self._options = options
        self._confirm_s, self._lost_s = options.confirm_ms / 1000, options.lost_ms / 1000
        self._ids = ids
        self._seen: list[Track] = []  # in the last frame
        self._spreads: set[Spread] = set()  # theirs
        self._largest = 0.0  # the largest width + height of theirs
        self._lost: list[Track] = []  # before it, the latest first
        self._unconfirmed: list[Track] = []

    def update(self, answer: Detections, now: float) -> Tracks:
        """Return the ids and velocities of a frame captured at ``now`` (s, never less than before).

        A box without a confirmed track has None for both.
        """
        boxes, scores = answer.boxes, answer.scores
        most = min(len(boxes), MAX_BOXES)
        confident = _count(scores, self._options.start_score, most)
        matches = Matches(len(boxes))
        self._retire(now)
        predictions = Predictions(now, self._spreads)
        if self._seen:
            some = boxes if confident == len(boxes) else boxes[:confident]
            sweep(self._seen, some, answer.classes, self._largest, predictions, matches)
        else:
            matches.unclear.extend(range(confident))
        if matches.unclear or matches.missing or self._lost:
            weak = range(confident, _count(scores, self._options.keep_score, most))
            self._settle(answer, weak, predictions, matches)
        self._seen, self._spreads, self._largest = (
            matches.followed,
            matches.spreads,
            matches.largest,
        )
        if self._unconfirmed:
            self._confirm(matches, now)
        return Tracks(matches.ids, matches.velocities)

    def _retire(self, now: float) -> None:
        """End the tracks that were lost for too long."""
        oldest = now - self._lost_s
        if self._seen and self._seen[0].spread[0] < oldest:
            self._seen = []
        if self._lost:
            self._lost = [track for track in self._lost if track.spread[0] >= oldest]

    def _settle(
        self, answer: Detections, weak: range, predictions: Predictions, matches: Matches
    ) -> None:
        """Pair what the sweep left over, begin tracks, and sort out the lost ones."""
        now, boxes = predictions.now, sorted(matches.unclear)
        boxes, missing = self._pair(answer, boxes, matches.missing, predictions, matches)
        boxes, lost = self._pair(answer, boxes, self._lost, predictions, matches, ALONE_LOST)
        others, missing = self._pair(answer, list(weak), missing, predictions, matches)
        _, lost = self._pair(answer, others, lost, predictions, matches, ALONE_LOST)
        for number in boxes:
            self._begin(answer, number, now, matches)
        oldest = now - UNCONFIRMED_S
        kept = (t for t in missing + lost if t.id is not None or t.spread[0] >= oldest)
        self._lost = list(islice(kept, MAX_LOST))

    def _pair(
        self,
        answer: Detections,
        numbers: list[int],
        tracks: list[Track],
        predictions: Predictions,
        matches: Matches,
        alone: float = ALONE,
    ) -> tuple[list[int], list[Track]]:
        """Pair boxes with tracks. Return the boxes and the tracks that remain."""
        if not numbers or not tracks:
            return numbers, tracks
        boxes = [Candidate(state_of(answer.boxes[i]), answer.classes[i]) for i in numbers]
        targets = [_target(track, predictions) for track in tracks]
        pairs = pair(boxes, targets, alone)
        for _, i, j in pairs:
            number, track = numbers[i], tracks[j]
            _correct(track, targets[j], boxes[i], predictions.now)
            matches.add(number, track)
        paired, followed = {i for _, i, _ in pairs}, {j for _, _, j in pairs}
        return (
            [number for i, number in enumerate(numbers) if i not in paired],
            [track for j, track in enumerate(tracks) if j not in followed],
        )

    def _begin(self, answer: Detections, number: int, now: float, matches: Matches) -> None:
        track = Track(state_of(answer.boxes[number]), answer.classes[number], begin(now))
        matches.add(number, track)
        self._unconfirmed.append(track)

    def _confirm(self, matches: Matches, now: float) -> None:
        """Number the tracks that have been seen for long enough, and forget those that ended."""
        waiting = []
        for track in self._unconfirmed:
            at = track.spread[0]
            if at == now and now - track.first >= self._confirm_s:
                track.id = next(self._ids)
            elif at >= now - UNCONFIRMED_S:
                waiting.append(track)
        self._unconfirmed = waiting
        for number, found in enumerate(matches.found):
            if found is not None:
                matches.ids[number] = found.id
                if found.id is None:
                    matches.velocities[number] = None


def _count(scores: Sequence[float], least: float, most: int) -> int:
    """Return how many scores, best first, are at least ``least``; at most ``most``."""
    if most and scores[most - 1] >= least:
        return most
    return bisect_right(scores, -least, 0, most, key=neg)


def _target(track: Track, predictions: Predictions) -> Target:
    prediction = predictions[track.spread]
    return Target(predicted(track.state, prediction.reach), track.kind, prediction)


def _correct(track: Track, target: Target, box: Candidate, now: float) -> None:
    """Continue a track. One that was not where it should be has turned."""
    prediction, expected = target.prediction, target.state
    far = prediction.clear * (expected[2] + expected[3])
    if (box.state[0] - expected[0]) ** 2 + (box.state[1] - expected[1]) ** 2 > far * far:
        prediction = Prediction(track.spread, now, TURN_VELOCITY)
    track.state = corrected(expected, box.state, prediction)
    track.spread = prediction.after
    track.kind = box.kind
