"""Sessions that wait in turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from server.core.messages import Frame
from server.core.model import Lane


@dataclass(frozen=True, slots=True)
class Member:
    """A frame on its way: its session, and when it was received (monotonic seconds).

    ``lane`` is the one that it was offered for, for those who count outcomes.
    """

    session: str
    frame: Frame
    received: float
    lane: Lane | None = None


@dataclass(slots=True)
class Place:
    """A session's place in a ring, since ``joined``, and the frame that waits there."""

    joined: float
    member: Member


class Ring(OrderedDict[str, Place]):
    """The waiting sessions of a lane: the first has waited longest, a new one joins last."""

    @property
    def since(self) -> float:
        """When the first of them joined."""
        return next(iter(self.values())).joined


def halves(members: Sequence[Member]) -> tuple[Sequence[Member], Sequence[Member]]:
    """Cut a rejected batch in two, to find the frame at fault in log2(n) rounds."""
    middle = len(members) // 2
    return members[:middle], members[middle:]
