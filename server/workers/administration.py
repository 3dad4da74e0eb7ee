"""All workers as one gateway, for the admin listener, which the supervisor has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Protocol

from server.admin.interface import Adjustments, SessionFigures, SessionMinute
from server.core.errors import Internal
from server.core.model import VersionLabels
from server.runtime.statistics import Statistics
from server.settings import Settings
from server.workers.census import Figures
from server.workers.link import RequestFailed
from server.workers.process import ANSWER_S, WorkerProcess

_NO_ANSWER = (TimeoutError, ConnectionError, RequestFailed)

LABEL_S = 60.0
"""Until all model servers have taken a label's new place."""


class Workers(Protocol):
    """The supervisor."""

    settings: Settings
    """What workers start with."""

    def serving(self) -> Sequence[WorkerProcess]:
        """Return the workers that have started."""

    async def figures(self) -> Figures:
        """Return the figures of all workers."""

    def stop(self) -> None:
        """Begin to stop all of them, as on SIGTERM."""


class WorkersGateway:
    """Administers all ``workers``: figures are summed, and each of them carries out an act.

    A worker that does not answer in time is left out of figures, and makes an act fail, with
    ``Internal``. Workers that start later start with what has been adjusted.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    @property
    def adjustments(self) -> Adjustments:
        """What workers start with now."""
        settings = self._workers.settings
        return Adjustments(settings.canary_share, settings.log_level)

    async def statistics(self) -> Statistics | None:
        """Return the sum of all workers; None while none of them serves."""
        figures = await self._workers.figures()
        return figures.total() if figures.workers else None

    async def sessions(self) -> Sequence[SessionFigures]:
        """Return the open sessions of all workers."""
        answers, _ = await self._ask("sessions")
        return [session for sessions in answers for session in sessions]

    async def minute(self, session: str) -> SessionMinute | None:
        """Return the last minute of a session; None if no worker has it."""
        minutes, _ = await self._ask("minute", session)
        return next((minute for minute in minutes if minute is not None), None)

    async def close_session(self, session: str) -> bool:
        """Close a session. False: no worker has it."""
        answers, problems = await self._ask("close_session", session)
        if problems and not any(answers):
            raise _unfinished(problems)
        return any(answers)

    async def set_canary_share(self, share: float) -> None:
        """Send this fraction of the sessions that name no version to the canary."""
        self._workers.settings = replace(self._workers.settings, canary_share=share)
        await self._tell("set_canary_share", share)

    async def set_log_level(self, level: str) -> None:
        """Log events from this level on, in all processes."""
        self._workers.settings = replace(self._workers.settings, log_level=level)
        logging.getLogger().setLevel(level.upper())
        await self._tell("set_log_level", level)

    async def labels(self) -> VersionLabels | None:
        """Return the labels of the default model, as one of the workers sees them."""
        found: VersionLabels | None = await self._ask_one("labels")
        return found

    async def move_label(self, label: str, version: int) -> str:
        """Let one of the workers move a label, which all of them follow."""
        answer: str | None = await self._ask_one("move_label", label, version)
        return "no worker has answered; look where the label points" if answer is None else answer

    async def drain(self) -> None:
        """Begin to stop all workers. Returns at once."""
        self._workers.stop()

    async def adjust(self, worker: WorkerProcess) -> None:
        """Let a worker that has started catch up with what was adjusted meanwhile."""
        for name, value in asdict(self.adjustments).items():
            with suppress(*_NO_ANSWER):
                await worker.ask(f"set_{name}", ANSWER_S, value)

    async def _tell(self, name: str, *arguments: Any) -> None:
        """Let every worker carry out an act. Raises Internal if one of them has not."""
        _, problems = await self._ask(name, *arguments)
        if problems:
            raise _unfinished(problems)

    async def _ask(self, name: str, *arguments: Any) -> tuple[list[Any], list[str]]:
        """Ask all workers at once. Return their answers, and what is wrong with the others.

        Nothing is wrong with a worker that has ended: what replaces it starts with what holds now.
        """
        answers: list[Any] = []
        problems: list[str] = []

        async def ask(worker: WorkerProcess) -> None:
            try:
                answers.append(await worker.ask(name, ANSWER_S, *arguments))
            except TimeoutError:
                problems.append(f"worker {worker.index} has not answered")
            except RequestFailed:
                problems.append(f"worker {worker.index} has failed, and its log says why")
            except ConnectionError:
                pass

        await asyncio.gather(*map(ask, self._workers.serving()))
        return answers, problems

    async def _ask_one(self, name: str, *arguments: Any) -> Any:
        """Ask the first worker; None: it does not answer in time, or there is none."""
        workers = self._workers.serving()
        if not workers:
            return None
        try:
            return await workers[0].ask(name, LABEL_S, *arguments)
        except _NO_ANSWER:
            return None


def _unfinished(problems: Sequence[str]) -> Internal:
    return Internal(f"not done by all workers: {'; '.join(problems)}")
