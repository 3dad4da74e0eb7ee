"""Batchers to decide with, and batches in one word."""

from __future__ import annotations

from typing import Any

from server.core.batch import Batch, Taken
from server.core.batching import Batcher
from server.core.messages import Frame
from server.core.model import Lane, ModelKey
from server.core.ring import Member
from server.core.slots import Slots
from tests.server.core.simulation import FixedLimit

A = Lane(ModelKey("digits"), "serving_default")
B = Lane(ModelKey("cats"), "serving_default")
ONE = Lane(ModelKey("zoo"), "serving_default", max_batch=1)
STALE_S = 0.5


def batcher(**changes: Any) -> Batcher:
    """A batcher with a constant number of ``slots``, ``worked_on`` of them without full batches."""
    slots = Slots(FixedLimit(changes.pop("slots", 1), changes.pop("worked_on", None)))
    values = {"max_batch": 4, "slots": slots, "window": 4, "max_staleness_s": STALE_S, **changes}
    return Batcher(**values)


def member(session: str, frame_id: int = 1, received: float = 0.0) -> Member:
    return Member(session, Frame(frame_id, "jpeg", b"", 1, 1), received)


def offer(policy: Batcher, *sessions: str, lane: Lane = A, now: float = 0.0, i: int = 1) -> None:
    for session in sessions:
        assert policy.offer(member(session, i, now), lane, now) is None


def take(policy: Batcher, now: float = 0.0) -> Batch:
    """The next batch, of which there is one, and nobody was too old."""
    taken = policy.take(now)
    assert taken.batch is not None
    assert not taken.expired
    return taken.batch


def due_at(policy: Batcher, now: float = 0.0) -> float | None:
    """When the next batch goes if nothing happens before; there is none now."""
    taken = policy.take(now)
    assert taken == NOTHING
    return taken.due_at


def who(batch: Batch) -> str:
    return "".join(member.session for member in batch.members)


NOTHING = Taken(None, [])
