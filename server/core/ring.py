"""Sessions that wait in turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.core.messages import Frame, Outcome
from server.core.model import Lane


class FrameOwner(Protocol):
    """Whose frames are sent."""

    def resolve(self, member: Member, outcome: Outcome) -> Outcome | None:
        """Take the one outcome of a frame. Return it as sent; None: it is not sent."""

    def lane_of(self, member: Member) -> Lane | None:
        """Return the lane that a frame would travel in if it were offered now."""


@dataclass(frozen=True, slots=True)
class Member:
    """A frame on its way: its session, and when it was received (monotonic seconds).

    ``lane`` is the one that it was offered for, for those who count outcomes. ``owner`` takes the
    outcome of a crop, whose session is ``crops_of`` its frame's.
    """

    session: str
    frame: Frame
    received: float
    lane: Lane | None = None
    owner: FrameOwner | None = None


def crops_of(session: str) -> str:
    """Return the name under which a session's crops wait, so that they replace no frame of it."""
    return f"{session}/then"


@dataclass(slots=True)
class Place:
    """A session's place in a ring, since ``joined``, and the frame that waits there.

    ``following``: the crops that wait behind it.
    """

    joined: float
    member: Member
    following: deque[Member] | None = None

    @property
    def members(self) -> Iterator[Member]:
        """All that wait there, in order."""
        yield self.member
        yield from self.following or ()

    def add(self, crops: Sequence[Member]) -> None:
        """Let crops wait behind those that wait there already."""
        self.following = deque([*(self.following or ()), *crops])


class Ring(OrderedDict[str, Place]):
    """The waiting sessions of a lane: the first has waited longest, a new one joins last."""

    @property
    def since(self) -> float:
        """When the first of them joined."""
        return next(iter(self.values())).joined

    @property
    def waiting(self) -> int:
        """How many frames and crops wait."""
        return sum(1 + len(place.following or ()) for place in self.values())


def halves(members: Sequence[Member]) -> tuple[Sequence[Member], Sequence[Member]]:
    """Cut a rejected batch in two, to find the frame at fault in log2(n) rounds."""
    middle = len(members) // 2
    return members[:middle], members[middle:]
