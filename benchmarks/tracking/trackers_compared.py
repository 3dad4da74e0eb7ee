"""The trackers that are compared, behind one interface: frames in, ids of the boxes out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import supervision as sv
from trackers import ByteTrackTracker, OCSORTTracker

from benchmarks.tracking.detector import Frame
from server.core.answers import Detections
from server.core.tracking.options import TrackingOptions
from server.core.tracking.tracker import Tracker

SIDE = 640  # pixels of the frames, for trackers that count in pixels

Ids = list[tuple[int, int]]
"""Numbers of boxes, and the ids they got."""
Run = Callable[[Sequence[Frame], float], list[Ids]]


def framewire(frames: Sequence[Frame], fps: float) -> list[Ids]:
    """Run Framewire's tracker on boxes and scores alone, as the others do."""
    return _framewire(frames, with_classes=False)


def framewire_with_classes(frames: Sequence[Frame], fps: float) -> list[Ids]:
    """Run Framewire's tracker as the gateway does: with the classes that the detector names."""
    return _framewire(frames, with_classes=True)


def _framewire(frames: Sequence[Frame], with_classes: bool) -> list[Ids]:
    tracker = Tracker(TrackingOptions(), itertools.count(1))
    results = []
    for frame in frames:
        classes = frame.classes if with_classes else [0] * len(frame.boxes)
        tracks = tracker.update(Detections(frame.boxes, frame.scores, classes), frame.at)
        results.append([(i, n) for i, n in enumerate(tracks.ids) if n is not None])
    return results


def byte_track(frames: Sequence[Frame], fps: float) -> list[Ids]:
    """Run ByteTrack at a fixed rate: it takes dropped frames for ones that never were."""
    return _peer(ByteTrackTracker(frame_rate=fps, **_BYTE_TRACK), frames, timed=False)


def byte_track_timed(frames: Sequence[Frame], fps: float) -> list[Ids]:
    """Run ByteTrack with the time of each frame."""
    return _peer(ByteTrackTracker(frame_rate=fps, **_BYTE_TRACK), frames, timed=True)


def oc_sort(frames: Sequence[Frame], fps: float) -> list[Ids]:
    """Run OC-SORT at a fixed rate."""
    return _peer(OCSORTTracker(frame_rate=fps, **_OC_SORT), frames, timed=False)


def oc_sort_timed(frames: Sequence[Frame], fps: float) -> list[Ids]:
    """Run OC-SORT with the time of each frame."""
    return _peer(OCSORTTracker(frame_rate=fps, **_OC_SORT), frames, timed=True)


# Lost tracks are kept as long as Framewire keeps them (buffers count frames at 30 fps), and
# boxes begin tracks at the same score. The rest are the defaults.
_BUFFER = round(TrackingOptions().lost_ms / 1000 * 30)
_BYTE_TRACK: dict[str, Any] = {
    "lost_track_buffer": _BUFFER,
    "track_activation_threshold": TrackingOptions().start_score,
    "high_conf_det_threshold": TrackingOptions().start_score,
}
_OC_SORT: dict[str, Any] = {
    "lost_track_buffer": _BUFFER,
    "high_conf_det_threshold": TrackingOptions().start_score,
}


def _peer(tracker: Any, frames: Sequence[Frame], timed: bool) -> list[Ids]:
    results = []
    for frame in frames:
        boxes = np.array(frame.boxes, dtype=np.float32).reshape(-1, 4) * SIDE
        detections = sv.Detections(
            xyxy=boxes,
            confidence=np.array(frame.scores, dtype=np.float32),
            class_id=np.zeros(len(boxes), dtype=int),
            data={"number": np.arange(len(boxes))},
        )
        tracked = tracker.update(detections, timestamp=frame.at if timed else None)
        numbers = tracked.data.get("number", [])
        ids = tracked.tracker_id if tracked.tracker_id is not None else []
        pairs = zip(numbers, ids, strict=True)
        results.append([(int(i), int(n)) for i, n in pairs if n >= 0])
    return results


TRACKERS: dict[str, Run] = {
    "Framewire": framewire,
    "ByteTrack": byte_track,
    "OC-SORT": oc_sort,
    "ByteTrack, timed": byte_track_timed,
    "OC-SORT, timed": oc_sort_timed,
    "Framewire, with classes": framewire_with_classes,
}
