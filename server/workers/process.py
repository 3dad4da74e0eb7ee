"""One worker process, as the supervisor sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import site
import socket
import sys
import time
from pathlib import Path
from typing import Any, Protocol

import server
from server.core.quota import EVERYONE
from server.runtime.statistics import Statistics
from server.settings import Settings
from server.workers.handover import hand_over
from server.workers.limiters import SharedQuota
from server.workers.link import Link, RequestFailed
from server.workers.memory import SharedMemory
from server.workers.progress import Progress

ANSWER_S = 5.0


class Owner(Protocol):
    """What a worker reports to."""

    def worker_changed(self, worker: WorkerProcess, event: str) -> None:
        """React to ``started``, ``ready`` or ``stopping``."""

    async def figures(self) -> Any:
        """Return the figures of all workers, for the one that was asked for metrics."""


class WorkerProcess:
    """A worker, from its start to its end. The caller must: await :meth:`ended`.

    ``accepts``: whether it takes connections. ``started``: whether it ever did. ``statistics``:
    the last that it has reported.
    """

    _link: Link
    _receiving: asyncio.Task[None]

    def __init__(
        self,
        index: int,
        owner: Owner,
        memory: SharedMemory,
        process: asyncio.subprocess.Process,
        channel: socket.socket,
    ) -> None:
        self.index = index
        self.accepts = self.started = False
        self.statistics: Statistics | None = None
        self._owner = owner
        self._memory = memory
        self._sessions = SharedQuota(memory, index, "max_sessions", None)
        self._process = process
        self._channel = channel
        self._passed = 0
        self._progress = Progress()

    @classmethod
    async def spawn(cls, index: int, owner: Owner, memory: SharedMemory) -> WorkerProcess:
        """Start a process, which waits for :meth:`begin`. Raises OSError.

        It gets a session of its own, so that Ctrl-C reaches the supervisor alone.
        """
        channel, its_channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        link_end, its_link_end = socket.socketpair()
        descriptors = (its_link_end.fileno(), its_channel.fileno(), memory.descriptor)
        with its_channel, its_link_end, contextlib.ExitStack() as undo:
            undo.callback(channel.close)
            undo.callback(link_end.close)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server.workers"),
                *map(str, (index, memory.workers, *descriptors)),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=descriptors,
                start_new_session=True,
                env=_environment(),
            )
            undo.pop_all()
        channel.setblocking(False)
        worker = cls(index, owner, memory, process, channel)
        worker._link = await Link.over(link_end, worker)
        worker._receiving = asyncio.ensure_future(worker._link.receive())
        return worker

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def load(self) -> int:
        """Its sessions, and the connections that may become one."""
        under_way = self._passed - self._memory.received(self.index)
        undecided = self._memory.undecided(self.index)
        return under_way + undecided + self._sessions.held_by(self.index, EVERYONE)

    @property
    def stalled(self) -> bool:
        """Whether it has stopped receiving connections, for example because it hangs."""
        received = self._memory.received(self.index)
        return self._progress.stalled(self._passed, received, time.monotonic())

    def begin(self, settings: Settings) -> None:
        """Let it serve."""
        self._link.notify("settings", settings)

    def take(self, connection: socket.socket) -> bool:
        """Take a connection. False: not now."""
        taken = hand_over(connection, self._channel)
        self._passed += taken
        return taken

    async def ask(self, name: str, timeout_s: float, *arguments: Any) -> Any:
        """Ask for something, or for something to be done.

        Raises TimeoutError, RequestFailed, or ConnectionError if it has ended.
        """
        return await self._link.request(name, timeout_s, arguments)

    async def update_statistics(self, timeout_s: float) -> bool:
        """Ask for its statistics. False: no answer in time; those that it reported last remain."""
        try:
            self.statistics = await self._link.request("statistics", timeout_s, ())
        except TimeoutError:
            return False
        except (ConnectionError, RequestFailed):  # it is ending, or has logged what is wrong
            pass
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it has not ended.

        Not by asyncio's process, which would first look whether it has ended: before Python 3.12,
        that takes the exit status away from the thread that waits for it.
        """
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def ended(self) -> int:
        """Wait for its end, and for what it has reported. Return its exit status."""
        status = await self._process.wait()
        self.accepts = False
        await self._receiving
        self._channel.close()
        return status

    # What it says

    def notified(self, name: str, content: Any) -> None:
        """Take note of what it reports."""
        if name == "stopped":
            self.statistics = content
            return
        if name == "started":
            self.accepts = self.started = True
        elif name == "stopping":
            self.accepts = False
        self._owner.worker_changed(self, name)

    async def asked(self, name: str, content: Any) -> Any:
        """Answer its request for the figures of all workers."""
        return await self._owner.figures()


def _environment() -> dict[str, str]:
    """Return an environment in which a worker imports the same package as this process.

    The current folder is the user's, and may hold a ``server`` of its own. (Python 3.10 does not
    know PYTHONSAFEPATH and looks there first.) PYTHONPATH comes before the standard library, so it
    is set only for a checkout.
    """
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    package = str(Path(server.__file__).resolve().parents[1])
    if package not in (*site.getsitepackages(), site.getusersitepackages()):
        paths = filter(None, (package, os.environ.get("PYTHONPATH")))
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment
