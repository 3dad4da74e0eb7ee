"""The limit on open files: raised at startup, and survived when it is reached."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.stack import ROOT
from server.openfiles import LEAST, OTHERS, check, shortage
from server.settings import WrongSetting
from tests.server.gateway_process import Gateway, running

FEW = 80
PAUSES = "new connections wait until others end: Too many open files"


def test_a_limit_that_leaves_no_connection_ends_the_start() -> None:
    check(LEAST)
    with pytest.raises(WrongSetting, match=f"at most {LEAST - 1} files can be open"):
        check(LEAST - 1)


@pytest.mark.parametrize(
    ("limit", "max_sessions", "fits"),
    [
        (None, 10**6, True),
        (1024 + OTHERS, 1024, True),
        (1024 + OTHERS - 1, 1024, False),
        (1024, 1024, False),
    ],
)
def test_a_warning_where_the_limit_is_too_low(
    limit: int | None, max_sessions: int, fits: bool
) -> None:
    check(limit)
    line = shortage(limit, max_sessions)
    assert (line is None) is fits
    assert line is None or f"raise the hard limit to {max_sessions + OTHERS}" in line


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    program = (
        "import resource; from server.openfiles import raise_limit; "
        "print(raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    shell = f"ulimit -Sn 100; ulimit -Hn 300; exec {sys.executable} -c {shlex.quote(program)}"
    shown = subprocess.run(
        ["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout.split() == ["300", "300", "300"]


async def test_a_full_table_of_files_costs_one_line_and_no_processor_time() -> None:
    async with running() as gateway:
        await gateway.says("listening on")
        pid = gateway.process.pid
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (FEW, FEW))
        with contextlib.ExitStack() as clients:
            idle = [connected(gateway, clients) for _ in range(FEW + 20)]
            await gateway.says(PAUSES)
            before = processor_time(pid)
            await asyncio.sleep(1.0)
            assert processor_time(pid) - before < 0.2
            assert len([line for line in gateway.lines if PAUSES in line]) == 1
            # The gateway has files left for itself.
            assert "Traceback" not in "".join(gateway.lines)
            # Those that waited are served as soon as others have left.
            for client in idle[:-10]:
                client.close()
            idle[-1].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            answer = await asyncio.get_running_loop().run_in_executor(None, idle[-1].recv, 100)
            assert b" 200 OK" in answer


async def test_a_start_with_too_few_files_warns() -> None:
    async with running("--max-sessions=1000000") as gateway:
        await gateway.says("files can be open, too few for max_sessions=1000000")


def connected(gateway: Gateway, clients: contextlib.ExitStack) -> socket.socket:
    return clients.enter_context(socket.create_connection(("127.0.0.1", gateway.port), timeout=10))


def processor_time(pid: int) -> float:
    """Return the seconds that a process has computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
