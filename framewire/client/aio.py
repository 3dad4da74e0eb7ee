"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any

from framewire.client import stream
from framewire.client.asking import ask
from framewire.client.base import BaseClient
from framewire.client.errors import NoResult
from framewire.client.outcomes import Outcome, Result
from framewire.client.pictures import Picture
from framewire.client.stream import Source


class AsyncClient(BaseClient):
    """A client for asyncio; an asynchronous context manager.

    It connects when the block is entered, reconnects by itself, and resumes with its options.
    """

    async def __aenter__(self) -> AsyncClient:
        """Connect. Raises :class:`ConnectionFailed` and :class:`Refused`."""
        await self._driver.start(self._connect_timeout_s)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._driver.stop()

    async def infer(self, picture: Picture, *, timeout_s: float = 30.0) -> Result:
        """Return the model's result for one picture.

        The picture is sent again if that may help, such as after a lost connection. Concurrent
        calls take turns, and ``timeout_s`` starts with the turn. Raises :class:`NoResult`,
        :class:`Refused` and :class:`ClientClosed`.
        """
        outcome = await ask(self._driver, picture, timeout_s)
        if not isinstance(outcome, Result):
            raise NoResult(outcome)
        return outcome

    def offer(self, picture: Picture) -> asyncio.Future[Outcome]:
        """Send a picture as soon as there is room for it; a newer one replaces it until then.

        Returns a future of the picture's one outcome. Raises :class:`Refused` and
        :class:`ClientClosed`.
        """
        self._session.frame_seen(self._driver.now())
        return self._driver.offer(picture)

    def outcomes(
        self, source: Source, *, live: bool | None = None, timeout_s: float = 30.0
    ) -> AsyncGenerator[Outcome, None]:
        """Iterate over the outcomes of all frames of ``source``, an iterable of pictures.

        A live source is read all the time, and the newest picture is sent whenever there is room;
        the others never become frames. Of any other source each picture is sent in turn, and
        again for up to ``timeout_s`` if that may help. ``live`` is by default what the source's
        attribute of that name says, and False if it has none. A source that blocks is read in a
        thread. Raises what the source raises, :class:`Refused` and :class:`ClientClosed`.
        """
        return stream.outcomes(self._driver, source, live, timeout_s)

    async def results(
        self, source: Source, *, live: bool | None = None, timeout_s: float = 30.0
    ) -> AsyncGenerator[Result, None]:
        """Yield the results among the ``outcomes``; ``statistics`` counts the others."""
        outcomes = self.outcomes(source, live=live, timeout_s=timeout_s)
        try:
            async for outcome in outcomes:
                if isinstance(outcome, Result):
                    yield outcome
        finally:
            await outcomes.aclose()

    def _change(self, options: dict[str, Any]) -> None:
        self._session.configure(options)
        self._driver.wake()
