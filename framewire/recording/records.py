"""The records of a recording, as objects and as the maps that files contain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FORMAT = "framewire.recording"
VERSION = 1
SUFFIX = ".fwrec"

PRIVATE = frozenset({"type", "token", "client", "traceparent"})
"""Fields of ``hello`` and ``configure`` that are never recorded."""


class RecordingError(Exception):
    """A recording cannot be read or written; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """A session as it was when a frame of it was sent.

    ``options`` are the fields of its ``hello`` and its ``configure`` messages, except those in
    ``PRIVATE``. ``model`` is the model that answered, as in ``welcome``; None if there was none.
    """

    id: str
    options: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the model's classes, empty if it has none."""
        return tuple((self.model or {}).get("labels") or ())

    @property
    def task(self) -> str:
        """The task of the model; empty without a model."""
        return str((self.model or {}).get("task") or "")


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """A frame and its outcome.

    ``at``: when it was sent, or, in a gateway's recording, received (seconds since 1970).
    ``message`` is the ``frame`` message and ``outcome`` the message that answered it, as on the
    wire. ``outcome`` is None if none arrived. ``after_ms``: how long that took. ``place``: the
    file and the record that it was read from, for error messages.
    """

    session: RecordedSession
    at: float
    message: Mapping[str, Any]
    outcome: Mapping[str, Any] | None = None
    after_ms: float | None = None
    place: str = field(default="", compare=False)

    @property
    def id(self) -> int:
        """The frame's id."""
        return int(self.message["id"])

    @property
    def data(self) -> bytes:
        """The bytes of its picture."""
        return bytes(self.message["data"])

    @property
    def result(self) -> Mapping[str, Any] | None:
        """The ``result`` message; None if the frame was not answered."""
        answered = self.outcome is not None and self.outcome["type"] == "result"
        return self.outcome if answered else None

    @property
    def outcome_name(self) -> str:
        """``result``, ``dropped REASON``, ``error CODE``, or ``none`` if no outcome arrived."""
        if self.outcome is None:
            return "none"
        detail = self.outcome.get("reason") or self.outcome.get("code")
        kind = str(self.outcome["type"])
        return f"{kind} {detail}" if detail else kind


def header(source: str) -> dict[str, Any]:
    """Return the first record of a file; ``source`` says what wrote it."""
    return {"type": "recording", "format": FORMAT, "version": VERSION, "source": source}


def session_map(session: RecordedSession, at: float) -> dict[str, Any]:
    """Return the record of a session as it is from ``at`` on."""
    model = None if session.model is None else dict(session.model)
    return {
        "type": "session",
        "session": session.id,
        "at": at,
        "options": dict(session.options),
        "model": model,
    }


def frame_map(frame: RecordedFrame) -> dict[str, Any]:
    """Return the record of a frame."""
    return {
        "type": "frame",
        "session": frame.session.id,
        "at": frame.at,
        "message": dict(frame.message),
        "outcome": None if frame.outcome is None else dict(frame.outcome),
        "after_ms": frame.after_ms,
    }


def check_header(record: Any) -> None:
    """Check the first record of a file. Raises ValueError."""
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError("it is not a recording")
    if record.get("version") != VERSION:
        raise ValueError(f"its version is {record.get('version')}, this program reads {VERSION}")


def parse_session(record: Mapping[str, Any]) -> RecordedSession:
    """Return a session. Raises AttributeError, KeyError, TypeError or ValueError."""
    model, options = record["model"], dict(record["options"])
    if not all(isinstance(name, str) for name in options):
        raise TypeError("the options of a session must have names")
    session = RecordedSession(
        str(record["session"]), options, None if model is None else dict(model)
    )
    _ = session.labels  # which must be readable
    return session


def parse_frame(
    record: Mapping[str, Any], session: RecordedSession, place: str = ""
) -> RecordedFrame:
    """Return a frame of ``session``.

    Raises AttributeError, KeyError, OverflowError, TypeError or ValueError.
    """
    message, outcome, after_ms = record["message"], record["outcome"], record["after_ms"]
    if not isinstance(message["data"], bytes):
        raise TypeError("the picture of a frame must be bytes")
    if outcome is not None and not isinstance(outcome, dict):
        raise TypeError("the outcome of a frame must be a map")
    after_ms = None if after_ms is None else _finite(after_ms)
    frame = RecordedFrame(session, _finite(record["at"]), message, outcome, after_ms, place)
    _ = frame.id, frame.outcome_name  # which must be readable
    if frame.result is not None:
        timing = dict(frame.result.get("timing_ms") or {})
        _ = int(frame.result["model_version"]), float(timing.get("inference", 0.0))
    return frame


def _finite(number: Any) -> float:
    """Return a time, which a replay would otherwise never reach. Raises TypeError or ValueError."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a time")
    return value
