"""Interrupted exports leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loadtest.stack import ROOT
from tests.forked import Program

COMMAND = ("export", "savedmodel", "--version=3")
WAIT_S = 60.0
PROGRAM = """
import sys
from time import sleep
from types import ModuleType
from zipfile import ZipFile
import export.__main__ as program

def run(options):
    WORK

def add_parser(commands):
    commands.add_parser("run").set_defaults(command=run)

command = ModuleType("run")
command.SUMMARY, command.add_parser = "", add_parser
program.GROUPS = {"": (command,)}
sys.exit(program.main(["run"]))
"""
INTERRUPTED = {
    # CPython would end the process by SIGINT.
    "in an exec": 'exec("raise KeyboardInterrupt")',
    # Closing the file fails.
    "in a zip file": """
    with ZipFile("archive.zip", "w") as archive:
        member = archive.open("member", "w")
        raise KeyboardInterrupt
""",
    # Python ignores what is raised there.
    "in a finalizer": """
    class Model:
        def __del__(self):
            raise KeyboardInterrupt

    Model()
    sleep(60)
""",
}


class Export(Program):
    """``python -m export savedmodel`` into ``target``, and what it prints on standard error."""

    def __init__(self, target: Path, *options: str) -> None:
        self._errors = target.parent / "errors"
        super().__init__([*COMMAND, f"--output={target}", *options], errors=self._errors)

    def wait_for(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not what():
            assert self.poll() is None, self._errors.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def interrupt(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, and return the exit status and standard error."""
        self.send_signal(number)
        return self.wait(WAIT_S), self._errors.read_text()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def left_in(target: Path) -> list[str]:
    return sorted(path.name for path in target.iterdir() if path.name != ".lock")


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(number) for path in found for number in path.read_text().split()]


def is_running(pid: int) -> bool:
    """Return whether the process runs; zombies do not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_signal_while_writing(target: Path) -> None:
    process = Export(target)
    process.wait_for(lambda: any(target.glob(".staging*/saved_model.pb")))
    assert process.interrupt(signal.SIGINT) == (130, "python -m export: interrupted\n")
    assert left_in(target) == []


def test_a_signal_while_a_model_server_verifies(target: Path) -> None:
    process = Export(target, "--verify=full")
    process.wait_for(lambda: bool(children(process.pid)))
    [server] = children(process.pid)
    assert process.interrupt(signal.SIGTERM) == (130, "python -m export: interrupted\n")
    assert left_in(target) == []
    deadline = time.monotonic() + WAIT_S
    while is_running(server):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("work", INTERRUPTED.values(), ids=INTERRUPTED)
def test_an_interrupt_anywhere_has_the_same_status(tmp_path: Path, work: str) -> None:
    (tmp_path / "interrupted.py").write_text(PROGRAM.replace("WORK", work))
    ended = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "python -m export: interrupted\n")
