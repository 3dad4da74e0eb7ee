"""The client under test, as a program that takes commands and reports, one JSON object per line."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from typing import Any

from conformance.kit import Message, matches
from conformance.stage import Violation

PATIENCE_S = 10.0
STOP_S = 5.0


class Program:
    """A running program. ``reports`` has what it said in this case, in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.reports: list[Message] = []
        self.offered: set[str] = set()
        self._process = process
        self._news = asyncio.Event()
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def start(cls, command: Sequence[str]) -> Program:
        """Start a program. Raises OSError if there is none."""
        pipe = asyncio.subprocess.PIPE
        return cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe))

    async def open(self, url: str, options: Message) -> None:
        """Have it open a session."""
        self.reports.clear()
        self.offered.clear()
        await self._tell(command="open", url=url, options=options)

    async def offer(self, frame: str, picture: bytes) -> None:
        """Have it offer a frame, which it calls by this name in its reports."""
        self.offered.add(frame)
        data = base64.b64encode(picture).decode()
        await self._tell(command="offer", frame=frame, format="jpeg", data=data)

    async def configure(self, options: Message) -> None:
        """Have it change options of the session."""
        await self._tell(command="configure", options=options)

    async def close(self) -> None:
        """Have it end the session, and wait until it has."""
        await self._tell(command="close")
        await self.reported({"closed": True})

    @property
    def closed(self) -> bool:
        """Whether the session of this case has ended."""
        return any("closed" in report for report in self.reports)

    async def reported(self, pattern: Message) -> None:
        """Wait for a report like this one. Raises Violation if there is none."""
        end = asyncio.get_running_loop().time() + PATIENCE_S
        while not any(matches(pattern, report) for report in self.reports):
            left_s = end - asyncio.get_running_loop().time()
            if left_s <= 0 or self._reading.done():
                said = ", ".join(map(json.dumps, self.reports[-5:])) or "nothing"
                raise Violation(f"no report {json.dumps(pattern)}; it reported {said}")
            self._news.clear()
            await asyncio.wait({asyncio.ensure_future(self._news.wait())}, timeout=left_s)

    def state(self) -> Any:
        """Return the state that it reported last."""
        states = [report["state"] for report in self.reports if "state" in report]
        return states[-1] if states else None

    def check_outcomes(self) -> None:
        """Check that each frame has one outcome. Raises Violation."""
        outcomes = [report["frame"] for report in self.reports if "frame" in report]
        for frame in sorted(self.offered):
            count = outcomes.count(frame)
            if count != 1:
                raise Violation(f"frame {frame!r} has {count} outcomes; each must have exactly one")

    async def stop(self) -> None:
        """End the program, which has to end when its input does."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        waiting = asyncio.ensure_future(self._process.wait())
        await asyncio.wait({waiting}, timeout=STOP_S)
        if self._process.returncode is None:
            self._process.kill()
        await waiting
        await self._reading

    async def _tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            await self._process.stdin.drain()
        except ConnectionError:
            raise Violation("the program has ended") from None

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            try:
                self.reports.append(json.loads(line))
            except ValueError:
                self.reports.append({"not JSON": line.decode("utf-8", "replace").strip()})
            self._news.set()
        self._news.set()
