"""The gateway as a process whose log is read while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from loadtest.stack import ROOT, free_port
from tests.server.access.authority import Signed

PATIENCE_S = 60.0


@dataclass
class Gateway:
    """A process, and what it said so far."""

    port: int
    process: asyncio.subprocess.Process
    lines: list[str]
    said: asyncio.Event

    async def says(self, words: str, times: int = 1) -> str:
        """Wait for a line of its log."""
        while len(found := [line for line in self.lines if words in line]) < times:
            self.said.clear()
            await asyncio.wait_for(self.said.wait(), PATIENCE_S)
        return found[-1]

    async def read(self) -> None:
        """Keep what it says."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode())
            self.said.set()


@contextlib.asynccontextmanager
async def running(
    *flags: str, backend: str = "127.0.0.1:1", program: tuple[str, str] = ("-m", "server")
) -> AsyncIterator[Gateway]:
    """A gateway with these flags; by default no model server stands behind it."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, f"--port={port}", f"--backend={backend}", *flags),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    gateway = Gateway(port, process, [], asyncio.Event())
    reading = asyncio.ensure_future(gateway.read())
    try:
        yield gateway
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_S)
        await reading


def trust(root: Signed) -> ssl.SSLContext:
    """A client that believes this authority alone."""
    return ssl.create_default_context(cadata=root.pem.decode())
