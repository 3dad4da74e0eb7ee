"""The servers under load, if they run on this machine: their CPU time and memory."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import PurePath

from loadtest import procfs

INTERVAL_S = 0.5
LOOK_EVERY_S = 1.0
FIRST_LOOKS = 3
"""A proxy calls the gateway only when cameras have connected to it."""


@dataclass(frozen=True)
class Sample:
    """A process at one moment of ``time.monotonic``: CPU time so far, and resident memory."""

    at: float
    cpu_s: float
    memory_mb: float


@dataclass
class Server:
    """A process and its samples."""

    pid: int
    name: str
    samples: list[Sample] = field(default_factory=list)

    def within(self, since: float, until: float) -> list[Sample]:
        """Return the samples of this span of ``time.monotonic``."""
        return [sample for sample in self.samples if since <= sample.at <= until]


class Watch:
    """Samples the processes that serve a port of this machine, and those that they call.

    Where one has ended, it looks for its successor.
    """

    def __init__(self, port: int | None) -> None:
        """``port``: None if the servers are not on this machine."""
        self.servers: list[Server] = []
        self._port = port
        self._running: list[Server] = []
        self._wanted = self._looks = 0
        self._next_at = self._next_look_at = 0.0
        self._look()

    def sample(self) -> None:
        """Take a sample if it is time for one."""
        now = time.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + INTERVAL_S
        self._running = [server for server in self._running if _sampled(server, now)]
        is_lacking = len(self._running) < self._wanted or self._looks <= FIRST_LOOKS
        if is_lacking and now >= self._next_look_at:
            self._next_look_at = now + LOOK_EVERY_S
            self._look()

    def _look(self) -> None:
        self._looks += 1
        known = {server.pid for server in self._running}
        for pid in [] if self._port is None else find(self._port):
            if pid not in known:
                with contextlib.suppress(OSError):  # it has ended
                    server = Server(pid, name(procfs.command(pid)))
                    self._running.append(server)
                    self.servers.append(server)
        self._wanted = max(self._wanted, len(self._running))


def _sampled(server: Server, now: float) -> bool:
    """Take a sample of a process. Returns False if it has ended."""
    try:
        used, memory = procfs.cpu_s(server.pid), procfs.resident_mb(server.pid)
    except (OSError, StopIteration):
        return False
    server.samples.append(Sample(now, used, memory))
    return True


def find(port: int) -> list[int]:
    """Return the processes that listen on ``port``, and then those on whose ports they call.

    So a proxy leads to the gateway, and the gateway to its model server.
    """
    sockets, owners = procfs.sockets(), procfs.owners()
    listening: dict[int, list[int]] = {}
    for socket in sockets:
        if socket.listening:
            listening.setdefault(socket.port, []).extend(owners.get(socket.inode, []))
    found = list(dict.fromkeys(listening.get(port, [])))
    for pid in found:  # which grows meanwhile
        for socket in sockets:
            if socket.to_loopback and pid in owners.get(socket.inode, []):
                called = listening.get(socket.remote_port, [])
                found += [other for other in dict.fromkeys(called) if other not in found]
    return [pid for pid in found if pid != os.getpid()]


def name(words: list[str]) -> str:
    """Return a short name for a command line: ``server`` for ``python -m server --port ...``."""
    program = PurePath(words[0]).name
    if not program.startswith("python"):
        return program
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    scripts = [PurePath(word).name for word in words[1:] if not word.startswith("-")]
    return " ".join(scripts[:2]) or program
