"""Free ports that several processes look for at the same time."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from loadtest import stack
from loadtest.stack import ROOT

FINDS = """
import sys
from loadtest import stack
stack._CANDIDATES = iter(map(int, sys.argv[1:]))
print(stack.free_port(), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="names outside the file system are Linux's")
def test_a_port_is_one_processs_as_long_as_that_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, others, left = [stack.free_port() for _ in range(3)]
    for _ in range(2):
        stack._reserved.pop().close()  # as if they had never been asked for
    with subprocess.Popen(
        [sys.executable, "-c", FINDS, str(mine), str(others)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert int(other.stdout.readline()) == others
        monkeypatch.setattr(stack, "_CANDIDATES", iter([others, left]))
        assert stack.free_port() == left
        other.communicate()
    monkeypatch.setattr(stack, "_CANDIDATES", iter([others]))
    assert stack.free_port() == others
    with socket.create_server(("127.0.0.1", others)):  # its user can listen there
        pass
