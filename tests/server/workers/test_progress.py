"""Whether a worker still receives connections."""

from __future__ import annotations

from server.workers.progress import STALLED_S, Progress


def test_a_worker_stalls_when_connections_wait_and_none_is_received() -> None:
    progress = Progress()
    assert not progress.stalled(passed=5, received=5, now=100.0)
    assert not progress.stalled(passed=6, received=5, now=100.0 + STALLED_S)
    assert progress.stalled(passed=7, received=5, now=100.5 + STALLED_S)
    assert not progress.stalled(passed=8, received=6, now=101.0 + STALLED_S)
    assert not progress.stalled(passed=8, received=8, now=200.0)


def test_a_worker_that_is_sent_nothing_does_not_stall() -> None:
    progress = Progress()
    assert not progress.stalled(passed=0, received=0, now=100.0)
    assert not progress.stalled(passed=0, received=0, now=200.0)
    assert not progress.stalled(passed=1, received=0, now=200.0 + STALLED_S)
