"""What the runtime tells whoever follows frames on their way. Times are monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from server.core.effects import Offer
from server.core.messages import Frame, Outcome
from server.core.model import Lane
from server.core.tracecontext import TraceContext
from server.runtime.sessions import OpenSession


@dataclass(frozen=True, slots=True)
class Arrival:
    """An accepted frame: whose it is, where it goes, and when it came.

    ``began`` is when its first bytes had arrived. ``parent`` is the trace context of its message
    or, without one, of its session.
    """

    session: str
    frame: Frame
    lane: Lane
    began: float
    received: float
    parent: TraceContext | None


class FrameTrace(Protocol):
    """Follows one frame from its arrival to its outcome."""

    def resolved(self) -> None:
        """Note that its outcome is known, and is about to be sent."""

    def end(self, outcome: Outcome | None) -> None:
        """Note that its outcome has been sent; None: its session is gone."""


class Tracer(Protocol):
    """Chooses the frames to follow."""

    def samples(self, frame: Frame, now: float) -> bool:
        """Return whether to follow a frame that has just arrived."""

    def follow(self, arrival: Arrival) -> FrameTrace:
        """Return what follows a frame."""


def followed(tracer: Tracer, entry: OpenSession | None, offer: Offer, received: float) -> Frame:
    """Return a frame with what follows it from now on, unless its session is gone."""
    frame = offer.frame
    if entry is None:
        return frame
    session, began = entry.session, entry.peer.receiving_since
    parent = frame.traceparent or session.preferences.traceparent
    began = received if began is None else began
    arrival = Arrival(session.id, frame, offer.lane, began, received, parent)
    return frame._replace(trace=tracer.follow(arrival))
