"""The least rate of an upload: one that crawls holds a place that others wait for.

An upload may take ``GRACE_S`` plus the time of its bytes at ``LEAST_BYTES_PER_S``. The
grace covers the handshake, a radio that wakes up and a stall; the rate is a phone's at
the edge of 2G. So n bytes hold a place for ``GRACE_S + n / LEAST_BYTES_PER_S`` at most: a
picture of 100 KB for 22 s, and an upload that sends nothing for 10 s.

The caller must: compare ``deadline`` with the clock whenever bytes arrive, and at that
time if none do.
"""

from __future__ import annotations

GRACE_S = 10.0
LEAST_BYTES_PER_S = 8 * 1024


class UploadProgress:
    """One upload, which started at ``started`` (monotonic seconds).

    ``deadline``: when it is to be cut off if no more bytes arrive.
    """

    def __init__(self, started: float) -> None:
        self.deadline = started + GRACE_S

    def received(self, count: int) -> None:
        """Extend the deadline by the time of ``count`` more bytes."""
        self.deadline += count / LEAST_BYTES_PER_S
