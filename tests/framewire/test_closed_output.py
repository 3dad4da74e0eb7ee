"""Commands end quietly when nobody reads their output: ``framewire export --help | head -1``.

If it cannot be written, as on a full disk, they say so in one line.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from framewire.programs import PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("framewire", "server", "modelserver", "export", "loadtest")
COMMANDS = [
    *([module, "--help"] for module in MODULES),
    *(["framewire", name, "--help"] for name in PROGRAMS),
    ["framewire", "--version"],
    ["framewire", "modelserver", "--help=all"],
    ["framewire", "modelserver", "--version"],
    ["framewire", "export", "savedmodel", "--help"],
    ["framewire", "loadtest", "swaps", "--help"],
    ["export", "list", "--offline", "--json"],
    ["export", "fonts"],
]
"""A module, and its arguments."""


@pytest.fixture
def unread() -> Iterator[int]:
    """Return the end of a pipe that nobody reads."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    yield write_end
    os.close(write_end)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_output_that_nobody_reads(command: list[str], unread: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=unread,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("framewire", "framewire"),
        ("server", "framewire"),
        ("modelserver", "modelserver"),
        ("export", "python -m export"),
        ("loadtest", "python -m loadtest"),
    ],
)
def test_output_that_cannot_be_written(module: str, name: str) -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", module, "--help"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    message = f"{name}: cannot write the output: No space left on device\n"
    assert (ended.returncode, ended.stderr) == (1, message)


@pytest.mark.parametrize(
    "tolerate",
    [
        "framewire.output import tolerate_closed_output as tolerate; tolerate('test')",
        "export.commands.output import tolerate_closed_output as tolerate; tolerate()",
    ],
)
def test_a_pipe_gets_each_line_at_once(tolerate: str) -> None:
    """The program waits for an answer, which its reader gives when it has seen the line."""
    lines = "print('half', end=' '); print('done'); sys.stdin.readline()"  # which flushes nothing
    code = f"import sys; from {tolerate}; {lines}"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "half done\n"
        program.communicate("go on\n", timeout=60)
    assert program.returncode == 0


def test_no_output_at_all() -> None:
    """As with ``>&-``, a program may start without standard output."""
    code = 'exec "$0" -m framewire --help >&-'
    subprocess.run(["sh", "-c", code, sys.executable], cwd=ROOT, timeout=60, check=True)


def test_no_socket_gets_the_number_of_a_closed_standard_file() -> None:
    """What libraries write to standard error would otherwise go to a client."""
    program = (
        "import socket, sys; from framewire.output import tolerate_closed_output as tolerate; "
        "tolerate('test'); sys.exit(socket.socket().fileno() < 3)"
    )
    code = 'exec "$0" -c "$1" <&- >&- 2>&-'
    subprocess.run(["sh", "-c", code, sys.executable, program], cwd=ROOT, timeout=60, check=True)
