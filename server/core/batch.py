"""A batch, what taking one decides, what comes of it, and figures about those that wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from server.core.answers import Answer
from server.core.messages import Result, Timing
from server.core.model import Lane
from server.core.ring import Member


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames that travel in one Predict call. ``call``: the slot that it occupies."""

    lane: Lane
    members: tuple[Member, ...]
    taken: float
    call: Any


@dataclass(frozen=True, slots=True)
class Taken:
    """What ``take`` decided: a batch to send, if any, and the frames that were too old.

    Without a batch, ``due_at`` says when to ask again even if nothing happens before.
    """

    batch: Batch | None
    expired: Sequence[Member]
    due_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Statistics:
    """A snapshot: frames waiting (now and at most), calls under way, and their bounds.

    ``quarantined`` counts sessions, once for each lane.
    """

    waiting: int
    peak_waiting: int
    max_waiting: int
    calls: int
    slots: int
    quarantined: int


def result_of(
    member: Member, answer: Answer, version: int, batch: int, sent: float, now: float
) -> Result:
    """Return the result of a frame in a batch of ``batch``, taken at ``sent``, answered ``now``."""
    frame, received = member.frame, member.received
    queue_ms, total_ms = (sent - received) * 1000, (now - received) * 1000
    timing = Timing(queue_ms, (now - sent) * 1000, total_ms)
    return Result(frame.id, version, batch, timing, answer, frame.captured_at, received)
