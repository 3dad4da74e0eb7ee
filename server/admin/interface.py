"""What the admin listener administers: a gateway of one process, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from server.core.activity import Rates, Second
from server.core.model import VersionLabels
from server.runtime.statistics import Statistics


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session. ``rates`` are those of the last few seconds, ``losses`` all since its start.

    ``model``, ``version`` and ``label`` are where its frames go; None before that is known.
    ``pending`` frames have no outcome yet.
    """

    id: str
    client: str | None
    address: str
    subject: str | None
    model: str | None
    version: int | None
    label: str | None
    connected_s: float
    accepted: int
    results: int
    pending: int
    losses: dict[str, int]
    rates: Rates


@dataclass(frozen=True, slots=True)
class SessionMinute:
    """One session, and its last minute: ``seconds`` with outcomes, by how long ago they were."""

    figures: SessionFigures
    seconds: Sequence[Second]


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What an operator can change, as it is now."""

    canary_share: float
    log_level: str


class MovableLabels(Protocol):
    """The version labels of a model, which its model servers keep."""

    async def look_up(self) -> VersionLabels:
        """Return where they point, and where they may point."""

    async def move(self, label: str, version: int) -> str:
        """Point one to a version. Returns why nothing was changed; empty if it was."""


class Administered(Protocol):
    """A gateway, as the admin listener sees it.

    An act that has not been carried out in every process raises Internal, which says where.
    """

    @property
    def adjustments(self) -> Adjustments:
        """What applies now."""

    async def statistics(self) -> Statistics | None:
        """Return a snapshot of all figures; None while no process has any."""

    async def sessions(self) -> Sequence[SessionFigures]:
        """Return all open sessions."""

    async def minute(self, session: str) -> SessionMinute | None:
        """Return the last minute of a session; None if there is none with this id."""

    async def close_session(self, session: str) -> bool:
        """Close a session. False: there is none with this id."""

    async def set_canary_share(self, share: float) -> None:
        """Send this fraction of the sessions that name no version to the canary."""

    async def set_log_level(self, level: str) -> None:
        """Log events from this level on."""

    async def labels(self) -> VersionLabels | None:
        """Return the labels of the default model; None while no process can say."""

    async def move_label(self, label: str, version: int) -> str:
        """Point a label of the default model to a version.

        Returns why nothing was changed; empty if it was.
        """

    async def drain(self) -> None:
        """Begin to stop, as on SIGTERM. Returns at once."""
