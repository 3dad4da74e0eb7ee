"""The gateway of this process, as the admin listener or the supervisor of its workers sees it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace

from server.admin.interface import Adjustments, MovableLabels, SessionFigures, SessionMinute
from server.core.model import VersionLabels
from server.core.session import POLICY_VIOLATION
from server.runtime.gateway import Gateway
from server.runtime.sessions import OpenSession
from server.runtime.statistics import Statistics
from server.settings import Settings

RATE_S = 5
PER_TURN = 50


class LocalGateway:
    """Administers ``gateway``. ``stop`` is set to stop it, as on SIGTERM.

    ``labels`` are those of the default model.
    """

    def __init__(
        self, gateway: Gateway, settings: Settings, labels: MovableLabels, stop: asyncio.Event
    ) -> None:
        self.adjustments = Adjustments(settings.canary_share, settings.log_level)
        self._gateway = gateway
        self._labels = labels
        self._stop = stop

    async def statistics(self) -> Statistics:
        """Return a snapshot of all figures."""
        return self._gateway.statistics()

    async def sessions(self) -> Sequence[SessionFigures]:
        """Return all open sessions. Frames are not kept waiting: it pauses again and again."""
        sessions: list[SessionFigures] = []
        for number, entry in enumerate(self._gateway.sessions, 1):
            sessions.append(_figures(entry, time.monotonic()))
            if number % PER_TURN == 0:
                await asyncio.sleep(0)
        return sessions

    async def minute(self, session: str) -> SessionMinute | None:
        """Return the last minute of a session; None if there is none with this id."""
        entry = self._gateway.sessions.get(session)
        if entry is None or entry.activity is None:
            return None
        now = time.monotonic()
        seconds = [
            replace(second, at=int(now) - second.at) for second in entry.activity.minute(now)
        ]
        return SessionMinute(_figures(entry, now), seconds)

    async def close_session(self, session: str) -> bool:
        """Close a session. False: there is none with this id."""
        entry = self._gateway.sessions.get(session)
        if entry is not None:
            entry.close(POLICY_VIOLATION, "closed by an operator")
        return entry is not None

    async def set_canary_share(self, share: float) -> None:
        """Send this fraction of the sessions that name no version to the canary."""
        self._gateway.set_canary_share(share)
        self.adjustments = replace(self.adjustments, canary_share=share)

    async def set_log_level(self, level: str) -> None:
        """Log events from this level on."""
        logging.getLogger().setLevel(level.upper())
        self.adjustments = replace(self.adjustments, log_level=level)

    async def labels(self) -> VersionLabels:
        """Return the labels of the default model."""
        return await self._labels.look_up()

    async def move_label(self, label: str, version: int) -> str:
        """Point a label to a version. Returns why nothing was changed; empty if it was."""
        return await self._labels.move(label, version)

    async def drain(self) -> None:
        """Begin to stop. Returns at once."""
        self._stop.set()


def _figures(entry: OpenSession, now: float) -> SessionFigures:
    session, activity = entry.session, entry.activity
    assert activity is not None
    model, admission = session.model, entry.admission
    return SessionFigures(
        id=session.id,
        client=session.preferences.client,
        address=entry.peer.client_address,
        subject=admission.subject if admission else None,
        model=model.key.name if model else None,
        version=model.version if model else None,
        label=model.key.label if model else None,
        connected_s=now - entry.connected,
        accepted=session.accepted,
        results=activity.results,
        pending=len(session.pending),
        losses={" ".join(key): count for key, count in activity.losses.items()},
        rates=activity.rates(now, RATE_S),
    )
