"""A sample of frames with their outcomes, in the format of docs/recording.md."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

from framewire.recording import RecordedFrame, RecordedSession, Recorder
from framewire.recording.clock import since_1970
from framewire.recording.files import SEGMENTS, RecordingFolder, segment_bytes
from server.core.amounts import amount
from server.core.messages import RAW_CHANNELS, Frame, ModelChanged, Outcome
from server.core.model import Model, Then
from server.core.preferences import Preferences
from server.core.ring import Member
from server.core.session import Session
from server.core.tracking.areas import Area
from server.core.wire.encode import to_map
from server.settings import Settings, WrongSetting, reason

log = logging.getLogger(__name__)

MAX_OUTCOME_BYTES = 1 << 20
"""Room for what is recorded beside a picture."""


class Sampler:
    """Records a share of the frames or, with ``whole_sessions``, all those of some sessions."""

    def __init__(self, recorder: Recorder, share: float, whole_sessions: bool) -> None:
        self._recorder = recorder
        self._share = share
        self._whole_sessions = whole_sessions

    def resolved(self, session: Session, member: Member, outcome: Outcome) -> None:
        """Record a frame if it is in the sample."""
        if self._samples(session.id):
            after_ms = (time.monotonic() - member.received) * 1000
            make = partial(
                _frame, session.id, session.preferences, session.model, member, outcome, after_ms
            )
            self._recorder.add(len(member.frame.data), make)

    def close(self) -> None:
        """Write what was sampled. Blocks for a few seconds at most."""
        self._recorder.close()

    def _samples(self, session: str) -> bool:
        if self._whole_sessions:  # their ids are random hexadecimal digits
            return int(session, 16) < self._share * float(16 ** len(session))
        return random.random() < self._share


def open_sampler(settings: Settings) -> Sampler | None:
    """Return what records frames, if the settings name a folder. Raises WrongSetting."""
    if not settings.record:
        return None
    path, max_bytes = Path(settings.record), settings.record_max_mb << 20
    writers = settings.workers or len(os.sched_getaffinity(0))
    _check_room(settings, max_bytes, writers)
    try:
        folder = RecordingFolder(path, max_bytes, settings.record_keep_h * 3600, writers)
    except OSError as error:
        raise WrongSetting(f"record: cannot write to {path}: {reason(error)}") from None
    percent = 100 * settings.record_share
    fields = {"percent": percent, "unit": settings.record_unit, "folder": path}
    log.info("recording %(percent)g %% of all %(unit)s in %(folder)s", fields)
    return Sampler(Recorder(folder), settings.record_share, settings.record_unit == "sessions")


def _check_room(settings: Settings, max_bytes: int, writers: int) -> None:
    """Check that the largest frame fits into a file. Raises WrongSetting."""
    least = settings.max_frame_bytes + MAX_OUTCOME_BYTES
    if segment_bytes(max_bytes, writers) < least:
        needed = -(-least * SEGMENTS * writers >> 20)
        raise WrongSetting(
            f"record_max_mb: {settings.record_max_mb} is too small for max_frame_bytes and "
            f"{amount(writers, 'worker')}; at least {needed} is needed"
        )


def _frame(
    session: str,
    preferences: Preferences,
    model: Model | None,
    member: Member,
    outcome: Outcome,
    after_ms: float,
) -> RecordedFrame:
    """Return the record of a frame. Runs in the recorder's thread."""
    return RecordedFrame(
        RecordedSession(session, _options(preferences), _model(model)),
        since_1970(member.received),
        _message(member.frame),
        to_map(outcome, text=False),
        round(after_ms, 2),
    )


def _message(frame: Frame) -> dict[str, Any]:
    """Return a frame as its client sent it."""
    message = {"type": "frame", "id": frame.id, "format": frame.format, "data": frame.data}
    if frame.format in RAW_CHANNELS:
        message |= {"width": frame.width, "height": frame.height}
    if frame.captured_at is not None:
        message["captured_at"] = frame.captured_at
    return message


def _model(model: Model | None) -> dict[str, Any] | None:
    fields: dict[str, Any] | None = to_map(ModelChanged(model), text=False)["model"]
    return fields


def _options(preferences: Preferences) -> dict[str, Any]:
    """Return the options as ``hello`` has them. Who the client is, is not recorded."""
    options = {
        "model": preferences.key.name,
        "label": preferences.key.label,
        "version": preferences.key.version,
        "min_score": preferences.min_score or None,
        "max_results": preferences.max_results,
        "orientation": "apply" if preferences.turns else None,
        "track": asdict(preferences.track) if preferences.track else None,
        "zones": _areas(preferences.zones),
        "lines": _areas(preferences.lines),
        "then": _then(preferences.then),
    }
    return {name: value for name, value in options.items() if value is not None}


def _then(then: Then | Literal[True] | None) -> dict[str, Any] | Literal[True] | None:
    if not isinstance(then, Then):
        return then
    options = {
        "model": then.key.name,
        "label": then.key.label,
        "version": then.key.version,
        "max_boxes": then.max_boxes,
        "min_score": then.min_score,
        "max_results": then.max_results,
    }
    return {name: value for name, value in options.items() if value is not None}


def _areas(areas: Sequence[Area]) -> dict[str, list[list[float]]] | None:
    return {area.name: [list(point) for point in area.points] for area in areas} or None
