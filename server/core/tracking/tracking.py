"""What a session holds of tracking: whether it is on, and when it begins anew."""

from __future__ import annotations

import itertools
from dataclasses import replace

from server.core.answers import Detections, Tracks
from server.core.messages import Result
from server.core.model import ModelKey
from server.core.preferences import Preferences
from server.core.tracking.areas import Area, Areas
from server.core.tracking.options import TrackingOptions
from server.core.tracking.timeline import Timeline
from server.core.tracking.tracker import Tracker


class Tracking:
    """The tracking of one session. While ``active``, its results go through :meth:`track`.

    Tracks follow what one version of a model sees. With another model, version or label,
    or other options, tracking begins anew, and the next result says so. Ids count up for
    as long as the session lasts, so that none is used twice.
    """

    def __init__(self) -> None:
        self.active = False
        self._options: TrackingOptions | None = None
        self._source: tuple[ModelKey, int] | None = None  # of the tracks
        self._key: ModelKey | None = None
        self._ids = itertools.count(1)
        self._timeline = Timeline()
        self._tracker = Tracker(TrackingOptions(), self._ids)
        self._borders: tuple[tuple[Area, ...], tuple[Area, ...]] = ((), ())
        self._areas: Areas | None = None
        self._restarted = False

    def configure(self, preferences: Preferences) -> None:
        """Take what the session asks for: whether and how to track, and which model."""
        self._key = preferences.key
        if preferences.track != self._options:
            self._options = preferences.track
            self.active = self._options is not None
            self._restart()
        if (preferences.zones, preferences.lines) != self._borders:
            self._borders = preferences.zones, preferences.lines
            self._watch()

    def track(self, result: Result) -> Result:
        """Return the result with the tracks of its boxes. Results come in order of their ids."""
        answer = result.answer
        if not isinstance(answer, Detections):
            return result
        assert self._key is not None
        source = self._key, result.model_version
        if source != self._source:
            self._restart()
            self._source = source
        now = self._timeline.at(result.captured_at, result.received)
        tracks = self._tracker.update(answer, now)
        if self._areas is not None:
            tracks = self._with_events(self._areas, result, answer, tracks, now)
        if self._restarted:
            tracks, self._restarted = tracks._replace(restarted=True), False
        return result._replace(answer=answer._replace(tracks=tracks))

    def _restart(self) -> None:
        """End all tracks. That is worth saying only if a result has named some."""
        self._restarted = self._restarted or self._source is not None
        self._tracker = Tracker(self._options or TrackingOptions(), self._ids)
        self._watch()

    def _watch(self) -> None:
        """Begin to watch the zones and lines, with nobody in them yet."""
        self._areas = Areas(*self._borders) if any(self._borders) else None

    def _with_events(
        self, areas: Areas, result: Result, answer: Detections, tracks: Tracks, now: float
    ) -> Tracks:
        """Return the tracks with what happened since the last result, on the client's clock."""
        captured_ms = now * 1000 if result.captured_at is None else result.captured_at
        events = [
            replace(event, at=captured_ms - (now - event.at) * 1000)
            for event in areas.update(answer, tracks.ids, now, self._tracker.oldest)
        ]
        return tracks._replace(events=events, counts=areas.counts())
