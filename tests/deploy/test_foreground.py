"""What the Procfile starts ends with the terminal, however it ends."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[2] / "deploy" / "foreground.py"
PATIENCE_S = 15.0
COMMAND = f"{sys.executable} {RUN} start"
# Of the processes of a terminal its first alone is told when it closes; a shell passes that on.
PASSES_ON = f"{COMMAND}; exit $?"
KEEPS_IT = f"trap '' HUP; {COMMAND}; exit $?"


@dataclass
class Terminal:
    """A terminal's other end, its first process, and what honcho started there."""

    master: int
    leader: subprocess.Popen[bytes]
    started: list[int]

    def close(self) -> None:
        """As a window is closed, or a connection ends."""
        os.close(self.master)
        self.master = -1


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    (tmp_path / "Procfile").write_text("one: exec sleep 1000\ntwo: exec sleep 1000\n")
    master, slave = pty.openpty()
    leader = subprocess.Popen(
        # setsid makes the terminal its own.
        ["setsid", "--ctty", "--wait", "sh", "-c", request.param],
        cwd=tmp_path,
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
def test_ctrl_c_is_no_failure(terminal: Terminal) -> None:
    os.write(terminal.master, b"\x03")
    assert ended(terminal.started)
    assert terminal.leader.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("program", ["sleep 1000", "yes"], ids=["silent", "talks"])
def test_a_reader_that_goes_leaves_nothing(tmp_path: Path, program: str) -> None:
    (tmp_path / "Procfile").write_text(f"one: exec {program}\ntwo: exec {program}\n")
    command = [sys.executable, str(RUN), "start"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as honcho:
        assert honcho.stdout is not None
        assert honcho.stderr is not None
        started = started_in(honcho.stdout.fileno())
        try:
            honcho.stdout.close()
            assert ended(started)
            assert honcho.wait(PATIENCE_S) == 143
            assert honcho.stderr.read() == b""
        finally:
            kill(started)
            honcho.kill()


def started_in(master: int) -> list[int]:
    """The processes that honcho says to have started, once it has said two."""
    said = b""
    while len(found := re.findall(rb"started \(pid=(\d+)\)", said)) < 2:
        said += os.read(master, 4096)
    return [int(pid) for pid in found]


def kill(pids: list[int]) -> None:
    for pid in filter(runs, pids):
        os.kill(pid, signal.SIGKILL)


def ended(pids: list[int]) -> bool:
    """Whether all of them end within patience."""
    deadline = time.monotonic() + PATIENCE_S
    while any(runs(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be reaped has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
