"""Reads recordings: a file, or all files of a folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack

from framewire.recording.records import (
    SUFFIX,
    RecordedFrame,
    RecordedSession,
    RecordingError,
    check_header,
    parse_frame,
    parse_session,
)

MAX_RECORD_BYTES = 256 << 20

_MALFORMED = (
    AttributeError,
    KeyError,
    OverflowError,  # an infinite number where an integer belongs
    TypeError,
    ValueError,
    msgpack.UnpackException,
)


def read(path: Path) -> Iterator[RecordedFrame]:
    """Yield the frames of a file, or of all recordings in a folder, file by file.

    A file that its writer could not finish ends with the last whole record. Raises
    :class:`RecordingError`.
    """
    for file in _files(path):
        yield from _frames(file)


def read_sessions(path: Path) -> dict[str, list[RecordedFrame]]:
    """Return the frames of each session, by time. Raises :class:`RecordingError`."""
    sessions: defaultdict[str, list[RecordedFrame]] = defaultdict(list)
    for frame in read(path):
        sessions[frame.session.id].append(frame)
    for frames in sessions.values():
        frames.sort(key=lambda frame: (frame.at, frame.id))
    return dict(sessions)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(path.glob(f"*{SUFFIX}"))
    if not files:
        raise RecordingError(f"there are no recordings (*{SUFFIX}) in {path}")
    return files


def _frames(file: Path) -> Iterator[RecordedFrame]:
    sessions: dict[str, RecordedSession] = {}
    number = 0
    try:
        for number, record in _records(file):
            if record["type"] == "session":
                sessions[record["session"]] = parse_session(record)
            elif record["type"] == "frame":
                place = f"{file}, record {number}"
                yield parse_frame(record, sessions[record["session"]], place)
    except OSError as error:
        raise RecordingError(f"cannot read {file}: {error.strerror}") from None
    except _MALFORMED as error:
        where = f", record {number}" if number else ""
        raise RecordingError(f"{file}{where} cannot be read: {_reason(error)}") from None


def _records(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records after the header, the first of which is number 2.

    Unknown types are for later versions.
    """
    with file.open("rb") as stream:
        unpacker = msgpack.Unpacker(stream, max_buffer_size=MAX_RECORD_BYTES)
        check_header(next(unpacker, None))
        yield from enumerate(unpacker, 2)


def _reason(error: Exception) -> str:
    """Return an error in words; a KeyError is nothing but a name."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
