"""Processes in the foreground end with their terminal, however it ends."""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


def foreground(program: str) -> list[str]:
    """The command line that runs a program twice, in the foreground."""
    words = shlex.split(program)
    commands = {"one": words, "two": words}
    code = (
        "import os, sys\nfrom framewire.foreground import run\n"
        f"sys.exit(run({commands}, os.environ))"
    )
    return [sys.executable, "-c", code]


COMMAND = shlex.join(foreground("sleep 1000"))
# When a terminal closes, only its first process gets SIGHUP; a shell passes it on.
PASSES_ON = f"{COMMAND}; exit $?"
KEEPS_IT = f"trap '' HUP; {COMMAND}; exit $?"


@dataclass
class Terminal:
    """A terminal's other end, its first process, and the processes started there."""

    master: int
    leader: subprocess.Popen[bytes]
    started: list[int]

    def close(self) -> None:
        """Close it, as when a window is closed or a connection ends."""
        os.close(self.master)
        self.master = -1


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    leader = subprocess.Popen(
        # setsid makes it the controlling process of the terminal.
        ["setsid", "--ctty", "--wait", "sh", "-c", request.param],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    opened = Terminal(master, leader, started_in(master))
    yield opened
    kill(opened.started)
    leader.kill()
    leader.wait()
    if opened.master >= 0:
        os.close(opened.master)


@pytest.mark.parametrize("terminal", [PASSES_ON, KEEPS_IT], indirect=True)
def test_a_closed_terminal_leaves_nothing(terminal: Terminal) -> None:
    terminal.close()
    assert ended(terminal.started)


@pytest.mark.parametrize("terminal", [f"exec {COMMAND}"], indirect=True)
def test_sigterm_leaves_nothing(terminal: Terminal) -> None:
    terminal.leader.terminate()
    assert ended(terminal.started)


@pytest.mark.parametrize("terminal", [f"exec {COMMAND}"], indirect=True)
def test_ctrl_c_is_not_a_failure(terminal: Terminal) -> None:
    os.write(terminal.master, b"\x03")
    assert ended(terminal.started)
    assert terminal.leader.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("program", ["sleep 1000", "yes"], ids=["silent", "talks"])
def test_a_closed_pipe_leaves_nothing(program: str) -> None:
    with subprocess.Popen(
        ["sh", "-c", 'exec "$0" "$@" <&-', *foreground(program)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stderr is not None
        started = started_in(supervisor.stdout.fileno())
        try:
            supervisor.stdout.close()
            assert ended(started)
            assert supervisor.wait(PATIENCE_S) == 143
            assert supervisor.stderr.read() == b""
        finally:
            kill(started)
            supervisor.kill()


def started_in(master: int) -> list[int]:
    """The ids of both processes, as soon as their start was reported."""
    output = b""
    while len(pids := re.findall(rb"started \(pid=(\d+)\)", output)) < 2:
        output += os.read(master, 4096)
    return [int(pid) for pid in pids]


def kill(pids: list[int]) -> None:
    for pid in filter(runs, pids):
        os.kill(pid, signal.SIGKILL)


def ended(pids: list[int]) -> bool:
    """Whether all of them end in time."""
    deadline = time.monotonic() + PATIENCE_S
    while any(runs(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether a process is still running; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
