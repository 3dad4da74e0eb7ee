"""Plays a case: each step in turn, until one finds the client at fault.

A step is a map with one key, a method of :class:`Player` behind an underscore; its value says
what is to happen. In messages, ``"$a"`` stands for the id of the frame that the client calls
``a``: the first time a frame with that id is awaited, it gets the name.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from conformance.kit import Case, Kit, Message, matches
from conformance.program import PATIENCE_S, Program
from conformance.stage import Connection, Stage, Violation

T = TypeVar("T")


class Player:
    """Plays one case with a program."""

    def __init__(self, kit: Kit, stage: Stage, program: Program) -> None:
        self._kit = kit
        self._stage = stage
        self._program = program
        self._connection: Connection | None = None
        self._ids: dict[str, int] = {}
        self._received_at: dict[str, float] = {}

    async def play(self, case: Case) -> None:
        """Play all steps, then end the session. Raises Violation, with the number of the step."""
        for number, step in enumerate(case.steps, 1):
            [(name, value)] = step.items()
            action: Callable[[Any], Awaitable[None]] = getattr(self, f"_{name}")
            try:
                await action(value)
            except Violation as violation:
                raise Violation(f"step {number} ({name}): {violation}") from None
        if not self._program.closed:
            await self._program.close()
        self._program.check_outcomes()

    @property
    def _current(self) -> Connection:
        assert self._connection is not None, "the case has no connection yet"
        return self._connection

    # What the client is told

    async def _open(self, options: Message) -> None:
        await self._program.open(self._stage.url, options)

    async def _offer(self, frames: str) -> None:
        for frame in frames.split():
            await self._program.offer(frame, self._kit.picture)

    async def _configure(self, options: Message) -> None:
        await self._program.configure(options)

    async def _ends(self, _: bool) -> None:
        await self._program.close()

    async def _reports(self, pattern: Message) -> None:
        if "state" in pattern:  # a state may have come before, and gone
            await self._until(lambda: self._program.state() == pattern["state"], f"{pattern}")
        await self._program.reported(pattern)

    # What the gateway does

    async def _rejects(self, status: int) -> None:
        self._stage.rejections.append(status)

    async def _connects(self, pattern: Message) -> None:
        """The client connects and says hello like this."""
        self._connection = await self._within(self._stage.connections.get(), "no connection")
        await self._receives({"type": "hello", **pattern})

    async def _sends(self, fields: Message) -> None:
        message = self._kit.message(fields)
        name = message.get("id")
        if isinstance(name, str):
            message["id"] = self._ids[name]
        self._current.send(message)

    async def _closes(self, closing: Message) -> None:
        self._current.close(closing["code"], closing["reason"])

    async def _cuts(self, _: bool) -> None:
        self._current.cut()

    # What the client must do

    async def _receives(self, pattern: Message) -> None:
        """The next message but pings is like this one."""
        message = await self._next(pings=pattern["type"] == "ping")
        name = pattern.get("id")
        if isinstance(name, str):
            self._ids.setdefault(name, message.get("id", -1))
            self._received_at[name] = time.monotonic()
            pattern = {**pattern, "id": self._ids[name]}
        if not matches(pattern, message):
            raise Violation(f"expected a message like {pattern}, not {_short(message)}")

    async def _receives_no_sooner(self, wanted: Message) -> None:
        """The next frame comes, and not until some time after an earlier one."""
        await self._receives(wanted["message"])
        passed_ms = 1000 * (time.monotonic() - self._received_at[wanted["since"]])
        if passed_ms < wanted["after_ms"]:
            raise Violation(f"the frame came {passed_ms:.0f} ms after {wanted['since']}")

    async def _silent_ms(self, ms: int) -> None:
        """The client sends nothing but pings, and opens no connection."""
        loop = asyncio.get_running_loop()
        end = loop.time() + ms / 1000
        while loop.time() < end:
            await asyncio.sleep(0.01)
            if not self._stage.connections.empty():
                raise Violation("the client connected again")
            while self._connection and not self._connection.messages.empty():
                message = self._open_envelope(self._connection.messages.get_nowait())
                if message["type"] != "ping":
                    raise Violation(f"the client sent {_short(message)}")

    async def _answers_until(self, pattern: Message) -> None:
        """Answer each frame until the client reports this."""
        reported = asyncio.ensure_future(self._program.reported(pattern))
        while not reported.done():
            getting = asyncio.ensure_future(self._current.messages.get())
            await asyncio.wait({reported, getting}, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done():
                getting.cancel()
                break
            message = self._open_envelope(getting.result())
            if message["type"] == "frame":
                self._current.send(self._kit.message({"like": "result", "id": message["id"]}))
        await reported

    async def _closed(self, codes: list[int]) -> None:
        """The client closes the connection with one of these codes."""
        code = await self._within(asyncio.shield(self._current.closed), "the client did not close")
        if code not in codes:
            raise Violation(f"the client closed with {code}")

    # Waiting

    async def _next(self, pings: bool) -> Message:
        while True:
            waiting = self._current.messages.get()
            message = self._open_envelope(await self._within(waiting, "no message"))
            if pings or message["type"] != "ping":
                return message

    @staticmethod
    def _open_envelope(message: Message | Violation) -> Message:
        if isinstance(message, Violation):
            raise message
        return message

    @staticmethod
    async def _within(event: Awaitable[T], otherwise: str) -> T:
        waiting = asyncio.ensure_future(event)
        await asyncio.wait({waiting}, timeout=PATIENCE_S)
        if not waiting.done():
            waiting.cancel()
            raise Violation(f"{otherwise} within {PATIENCE_S:g} s")
        return waiting.result()

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end:
                raise Violation(f"no report {what}; the last state was {self._program.state()}")
            await asyncio.sleep(0.005)


def _short(message: Message) -> Message:
    """Return a message without its picture, for people to read."""
    return {**message, "data": "..."} if "data" in message else message
