"""The model server and the gateway as real processes on free ports."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0


class Process:
    """A Python module as a process that can be killed and started again, on the same ports."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = [sys.executable, "-m", *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._arguments, cwd=ROOT)

    def kill(self) -> None:
        """End it without a chance to say goodbye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=START_S)
            self._process = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None


class Stack:
    """Both processes. The page is at ``url``."""

    def __init__(self, models: Path) -> None:
        grpc_port, self.port = free_port(), free_port()
        self.url = f"http://localhost:{self.port}/"
        self.model_server = Process(
            "modelserver",
            f"--port={grpc_port}",
            "--model_name=digits",
            f"--model_base_path={models / 'digits'}",
        )
        self.gateway = Process(
            "server",
            f"--port={self.port}",
            f"--backend=127.0.0.1:{grpc_port}",
            "--log-level=warning",
        )

    def start(self) -> None:
        """Start what does not run, and wait until frames can be answered."""
        for process in (self.model_server, self.gateway):
            if not process.running:
                process.start()
        self._wait_until_ready()

    def stop(self) -> None:
        self.gateway.terminate()
        self.model_server.terminate()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while not self._ready():
            assert time.monotonic() < deadline, "the gateway did not get ready"
            assert self.model_server.running, "the model server has ended"
            assert self.gateway.running, "the gateway has ended"
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
