"""Trees of processes: started, measured as a whole, and stopped without a remainder."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from loadtest import procfs

STOP_S = 15.0
_PR_SET_CHILD_SUBREAPER = 36


class Tree:
    """A command and all that descends from it, including processes whose parents have ended.

    Its output is appended to ``log``.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as file:
            self._root = subprocess.Popen(
                command,
                stdout=file,
                stderr=file,
                env={**os.environ, **environment},
                start_new_session=True,
                preexec_fn=_adopt_orphans,
            )

    @property
    def running(self) -> bool:
        """Whether the command has not ended."""
        return self._root.poll() is None

    def cpu_s(self) -> float:
        """Return the CPU time that the processes have used, in seconds."""
        return sum(_of_each(procfs.cpu_s, self._pids()))

    def pss_mb(self) -> float:
        """Return their memory in MB, with shared pages divided among those that share them."""
        return sum(_of_each(procfs.pss_mb, self._pids()))

    def stop(self) -> None:
        """Ask the command to end, and kill what is left of the tree after that."""
        with contextlib.ExitStack() as closing:
            handles = [closing.enter_context(_handle(pid)) for pid in self._pids()]
            self._root.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._root.wait(STOP_S)
            for handle in handles:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                select.select([handle], [], [], STOP_S)  # readable once the process has ended
        self._root.wait()

    def _pids(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for pid, parent in procfs.parents().items():
            children.setdefault(parent, []).append(pid)
        pids = [self._root.pid]
        for pid in pids:  # which grows meanwhile
            pids += children.get(pid, [])
        return pids


def _adopt_orphans() -> None:
    """Become the parent of all descendants whose own parents end, as daemons' do."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int]:
    """Refer to a process in a way that stays right when its id is used again."""
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _of_each(measure: Callable[[int], float], pids: Sequence[int]) -> Iterator[float]:
    for pid in pids:
        with contextlib.suppress(OSError, StopIteration):  # it has ended
            yield measure(pid)
