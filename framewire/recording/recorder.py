"""Writes a recording in a thread, so that whoever records never waits for a disk."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from framewire.recording.records import RecordedFrame

log = logging.getLogger(__name__)

MAX_WAITING_BYTES = 32 << 20
TIDY_S = 30.0
REPORT_S = 60.0
CLOSE_S = 5.0

Make = Callable[[], RecordedFrame]
"""Makes a record, in the thread: that takes time as well."""

_TOO_FAST = "they arrive faster than they can be written"


class Sink(Protocol):
    """Where records go. Every method may raise OSError."""

    def write(self, frame: RecordedFrame) -> bool:
        """Write a frame. False: there is no room for it."""

    def flush(self) -> None:
        """Hand what was written to the system."""

    def tidy(self) -> None:
        """Delete what need not be kept. Called every ``TIDY_S``."""

    def close(self) -> None:
        """Write nothing more."""


class Recorder:
    """Takes frames, and writes them when it gets round to it.

    At most ``max_waiting_bytes`` of pictures wait for the disk. Frames beyond that, and those
    that cannot be written, are counted in ``lost``, and logged at most once a minute.
    """

    def __init__(self, sink: Sink, max_waiting_bytes: int = MAX_WAITING_BYTES) -> None:
        self.written = 0
        self._sink = sink
        self._max_waiting_bytes = max_waiting_bytes
        self._queue: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        # Two threads, but each number is written by one of them only.
        self._taken_bytes = self._done_bytes = 0
        self._rejected = self._failed = 0
        self._reason = _TOO_FAST
        self._reported = 0
        self._report_at = self._tidy_at = 0.0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """How many frames were not written."""
        return self._rejected + self._failed

    def add(self, size: int, make: Make) -> None:
        """Take a frame with a picture of ``size`` bytes. Returns at once."""
        if self._taken_bytes - self._done_bytes + size > self._max_waiting_bytes:
            self._rejected += 1
            return
        self._taken_bytes += size
        self._queue.put(partial(self._write, size, make))

    def close(self) -> None:
        """Write what was taken. Blocks for ``CLOSE_S`` at most."""
        self._queue.put(self._stop)
        self._thread.join(CLOSE_S)

    # In the thread

    def _run(self) -> None:
        self._tidy_at = time.monotonic() + TIDY_S
        while not self._stopped:
            with contextlib.suppress(queue.Empty):
                self._queue.get(timeout=max(0.0, self._tidy_at - time.monotonic()))()
            self._look_after()
        self._attempt(self._sink.close)
        self._report(time.monotonic())

    def _stop(self) -> None:
        self._stopped = True

    def _write(self, size: int, make: Make) -> None:
        written = False
        try:
            written = self._sink.write(make())
            if not written:
                self._reason = "they do not fit into the file"
        except OSError as error:
            self._reason = error.strerror or str(error)
        except Exception as error:
            log.exception("a frame cannot be recorded")
            self._reason = repr(error)
        self._done_bytes += size
        self.written += written
        self._failed += not written

    def _look_after(self) -> None:
        now = time.monotonic()
        if self._queue.empty():
            self._attempt(self._sink.flush)
        if now >= self._tidy_at:
            self._attempt(self._sink.tidy)
            self._tidy_at = now + TIDY_S
        if now >= self._report_at:
            self._report(now)

    def _report(self, now: float) -> None:
        lost = self.lost
        if lost > self._reported:
            fields = {"count": lost - self._reported, "reason": self._reason}
            log.warning("frames not recorded: %(count)d, because %(reason)s", fields)
            self._reported, self._report_at = lost, now + REPORT_S
            self._reason = _TOO_FAST

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except OSError as error:
            self._reason = error.strerror or str(error)
