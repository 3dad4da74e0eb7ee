"""What Linux says about processes: CPU time, memory, open files, TCP sockets."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTENING, _ESTABLISHED = "0A", "01"
# 127.0.0.1, the same in IPv6, and ::1, as the kernel prints them.
_LOOPBACK = ("0100007F", "00000000000000000000000001000000")


def resident_mb(pid: int) -> float:
    """Return the resident memory in MB (10^6 bytes); ``ps -o rss`` shows it in KiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib) * 1024 / 1e6


def pss_mb(pid: int) -> float:
    """Return the memory in MB, in which pages shared by n processes count as a n-th each."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    kib = next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(kib) * 1024 / 1e6


def cpu_s(pid: int) -> float:
    """Return the CPU time used, in seconds."""
    user, system = _status(pid)[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def cpu_ns(pid: int) -> int:
    """Return the CPU time that the threads alive have used, in nanoseconds, not in ticks."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks)


def parents() -> dict[int, int]:
    """Return the parent of each process."""
    found = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        with contextlib.suppress(OSError):  # it has ended
            found[pid] = int(_status(pid)[1])
    return found


def _status(pid: int) -> list[str]:
    """Return the fields of a process's ``stat`` from its state on."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


def descriptors(pid: int) -> int:
    """Return the number of open files and sockets."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def command(pid: int) -> list[str]:
    """Return the words of the command line."""
    text = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    return text.rstrip("\0").split("\0")


@dataclass(frozen=True)
class Socket:
    """A TCP socket. ``to_loopback``: the other end is on this machine."""

    inode: str
    port: int
    remote_port: int
    to_loopback: bool
    listening: bool


def sockets() -> list[Socket]:
    """Return the TCP sockets of this network namespace that listen or are connected."""
    return [socket for table in ("tcp", "tcp6") for socket in _sockets(table)]


def owners() -> dict[str, list[int]]:
    """Return the processes that have each socket open, by its inode, as far as they can be seen."""
    found: dict[str, list[int]] = {}
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        for inode in _inodes(pid):
            found.setdefault(inode, []).append(pid)
    return found


def _sockets(table: str) -> Iterator[Socket]:
    try:
        lines = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
    except OSError:  # no IPv6, or not Linux
        return
    for _, local, remote, state, *rest in map(str.split, lines):
        if state in (_LISTENING, _ESTABLISHED):
            here = remote.partition(":")[0].endswith(_LOOPBACK)
            yield Socket(rest[5], _port(local), _port(remote), here, state == _LISTENING)


def _port(end: str) -> int:
    return int(end.rpartition(":")[2], 16)


def _inodes(pid: int) -> set[str]:
    """Return the inodes of a process's sockets; none if it may not be looked at, or is gone."""
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                kind, _, inode = os.readlink(entry.path).partition(":")
                if kind == "socket":
                    found.add(inode.strip("[]"))
    return found
