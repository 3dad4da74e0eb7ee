"""Modules run as processes that are forked from one that has imported TensorFlow already.

The import takes a process over two seconds of processor time, and that of the gateway half a
second. Servers and commands whose start is not what a test is about are forked instead. They differ
from ``python -m MODULE`` in nothing else: each has an environment, a folder, output and an exit
status of its own.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.stack import ROOT, Process, Stack

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.forked_imports"])


class Program:
    """A module as a forked process, with the methods of ``subprocess.Popen`` that tests need.

    ``output`` and ``errors`` are the files that receive what it prints; by default this process'.
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path = ROOT,
        environment: Mapping[str, str] | None = None,
        output: Path | None = None,
        errors: Path | None = None,
    ) -> None:
        variables = dict(os.environ if environment is None else environment)
        self._process = _CONTEXT.Process(
            target=_run, args=(list(words), folder, variables, output, errors), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _run(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    output: Path | None,
    errors: Path | None,
) -> None:
    """Be ``python -m WORDS`` in ``folder``."""
    for number, file in ((1, output), (2, errors)):
        if file is not None:
            written = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(written, number)
            os.close(written)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(words)
    atexit._clear()  # what the parent has registered
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # multiprocessing does not; TensorFlow removes its files there


def run(
    *words: str, folder: Path = ROOT, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m WORDS`` to its end, and return what it printed."""
    with tempfile.TemporaryDirectory() as printed:
        output, errors = Path(printed, "output"), Path(printed, "errors")
        for file in (output, errors):
            file.touch()
        program = Program(words, folder, environment, output, errors)
        try:
            status = program.wait(200)
        finally:
            program.kill()
        return subprocess.CompletedProcess(words, status, output.read_text(), errors.read_text())


class ForkedProcess(Process):
    """A process of a stack, forked."""

    def start(self) -> None:
        """Start the process; it may not listen yet when this returns."""
        self._process = Program(self._arguments[2:], output=self._log, errors=self._log)


class ForkedStack(Stack):
    """A gateway before a model server, both forked."""

    _process = ForkedProcess
