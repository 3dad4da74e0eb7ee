"""Sessions that wait in turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from server.core.messages import Frame, Outcome
from server.core.model import Lane


class FrameOwner(Protocol):
    """Whose frames are sent."""

    def resolve(self, member: Member, outcome: Outcome) -> Outcome | None:
        """Take the one outcome of a frame. Return it as sent; None: it is not sent."""

    def lane_of(self, member: Member) -> Lane | None:
        """Return the lane that a frame would travel in if it were offered now."""


class Member(NamedTuple):
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


class Ring(OrderedDict[str, Place]):
    """The waiting sessions of a lane: the first has waited longest, a new one joins last."""

    _following = 0  # the crops that wait behind others; ``waiting`` is asked for with each frame

    @property
    def since(self) -> float:
        """When the first of them joined."""
        return next(iter(self.values())).joined

    @property
    def waiting(self) -> int:
        """How many frames and crops wait."""
        return len(self) + self._following

    def add(self, session: str, crops: Sequence[Member]) -> None:
        """Let crops wait behind those that wait in their session's place already."""
        place = self[session]
        place.following = deque([*(place.following or ()), *crops])
        self._following += len(crops)

    def leave(self, session: str) -> list[Member]:
        """Take a session out. Return all that waited in its place, in order."""
        place = self.pop(session)
        following = place.following or ()
        self._following -= len(following)
        return [place.member, *following]

    def follow(self, place: Place) -> None:
        """Let the next crop of a place that was taken out, and has one, wait at the end."""
        assert place.following
        place.member = place.following.popleft()
        self._following -= 1
        self[place.member.session] = place


def halves(members: Sequence[Member]) -> tuple[Sequence[Member], Sequence[Member]]:
    """Cut a rejected batch in two, to find the frame at fault in log2(n) rounds."""
    middle = len(members) // 2
    return members[:middle], members[middle:]
