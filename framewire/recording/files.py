"""Where a recorder writes to: one file, or a bounded folder of them."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import msgpack

from framewire.recording.records import (
    SUFFIX,
    RecordedFrame,
    RecordedSession,
    frame_map,
    header,
    session_map,
)

FILE_MODE, FOLDER_MODE = 0o600, 0o700
SEGMENTS = 4
"""A folder is divided into at least this many files, the oldest of which is deleted for room."""

MAX_SEGMENT_BYTES = 64 << 20
MAX_SEGMENT_S = 3600.0
_NAME = re.compile(r"gateway-(\d+)-\d+-\d+" + re.escape(SUFFIX))


class RecordingFile:
    """One new file, which only its user may read. It takes ``max_bytes`` at most."""

    def __init__(self, path: Path, source: str, max_bytes: int = 1 << 30) -> None:
        self.size = 0
        self._max_bytes = max_bytes
        self._sessions: dict[str, RecordedSession] = {}
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)  # also if it existed
        self._file = os.fdopen(descriptor, "wb")
        self.size += self._file.write(msgpack.packb(header(source)))

    def write(self, frame: RecordedFrame) -> bool:
        """Write a frame, after its session if that is new or has changed. False: it is full."""
        records = [frame_map(frame)]
        if self._sessions.get(frame.session.id) != frame.session:
            records.insert(0, session_map(frame.session, frame.at))
        data = b"".join(map(msgpack.packb, records))
        if self.size + len(data) > self._max_bytes:
            return False
        self._sessions[frame.session.id] = frame.session
        self._file.write(data)
        self.size += len(data)
        return True

    @property
    def empty(self) -> bool:
        """Whether it has no frame yet."""
        return not self._sessions

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def tidy(self) -> None:
        """Do nothing: a single file is kept."""

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class RecordingFolder:
    """Files of a folder that are deleted when they are old, or to make room.

    All its files together take ``max_bytes`` at most, although up to ``writers`` processes write
    into it, and no frame stays longer than ``keep_s``. Files with other names are left alone.
    Raises OSError if the folder cannot be created or written to.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        keep_s: float,
        writers: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep_s = keep_s
        self._writers = writers
        self._clock = clock
        self._segment_bytes = segment_bytes(max_bytes, writers)
        self._segment_s = min(MAX_SEGMENT_S, keep_s / SEGMENTS)
        self._file: RecordingFile | None = None
        self._until = 0.0
        self._count = 0
        path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "permission denied", str(path))
        self.tidy()

    def write(self, frame: RecordedFrame) -> bool:
        """Write a frame. False: it is too large for a file. Raises OSError."""
        try:
            self._end_if(self._clock() >= self._until)
            file = self._segment()
            if file.write(frame):
                return True
            if file.empty:
                return False
            self._end_if(True)
            return self._segment().write(frame)
        except OSError:  # what follows a record that was cut off could not be read
            self._abandon()
            raise

    def flush(self) -> None:
        """Hand what was written to the system."""
        if self._file is not None:
            self._file.flush()

    def tidy(self) -> None:
        """Delete what is too old."""
        self._end_if(self._clock() >= self._until)
        self._delete(self._max_bytes)

    def close(self) -> None:
        """Finish the file that is open."""
        self._end_if(True)

    def _segment(self) -> RecordingFile:
        """Return the file that is open, or a new one."""
        if self._file is None:
            now = self._clock()
            self._delete(self._max_bytes - self._writers * self._segment_bytes)
            self._count += 1
            name = f"gateway-{1000 * now:.0f}-{os.getpid()}-{self._count}{SUFFIX}"
            self._file = RecordingFile(self._path / name, "gateway", self._segment_bytes)
            self._until = now + self._segment_s
        return self._file

    def _end_if(self, due: bool) -> None:
        if due and self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _abandon(self) -> None:
        with contextlib.suppress(OSError):
            self._end_if(True)

    def _delete(self, room: int) -> None:
        """Delete old files, and the oldest ones until the rest fits into ``room`` bytes."""
        oldest = self._clock() - self._keep_s
        total = 0
        for began, path in sorted(self._segments(), reverse=True):
            with contextlib.suppress(FileNotFoundError):  # another process deletes as well
                total += path.stat().st_size
                if total > room or began < oldest:
                    path.unlink()

    def _segments(self) -> list[tuple[float, Path]]:
        named = ((_NAME.fullmatch(path.name), path) for path in self._path.iterdir())
        return [(int(match[1]) / 1000, path) for match, path in named if match]


def segment_bytes(max_bytes: int, writers: int) -> int:
    """Return the largest size of a file in a folder of ``max_bytes``."""
    return min(MAX_SEGMENT_BYTES, max_bytes // (SEGMENTS * writers))
