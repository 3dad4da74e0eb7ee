"""Recordings: frames with their outcomes, in files that any part of Framewire can read.

The format is described in docs/recording.md. :func:`read` returns the frames of a file or a
folder, :class:`Recorder` writes them in a thread.
"""

from __future__ import annotations

from framewire.recording.reader import read, read_sessions
from framewire.recording.recorder import Recorder
from framewire.recording.records import RecordedFrame, RecordedSession, RecordingError

__all__ = [
    "RecordedFrame",
    "RecordedSession",
    "Recorder",
    "RecordingError",
    "read",
    "read_sessions",
]
