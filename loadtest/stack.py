"""A model server and a gateway as real processes on free ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_S = 60.0
STOP_S = 10.0


@dataclass(frozen=True)
class Gateway:
    """A running gateway: where it listens, and its process."""

    port: int
    process: subprocess.Popen[bytes]

    def get(self, path: str) -> str:
        """The body of an HTTP answer, whatever its status."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as got:
                return str(got.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def resident_mb(self) -> float:
        """Resident memory of the process, in MB (10^6 bytes), as ``ps -o rss`` shows it."""
        return resident_mb(self.process.pid)


def resident_mb(pid: int) -> float:
    """Resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kilobytes) * 1024 / 1e6


def free_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def model_server(models: Path = ROOT / "models") -> Iterator[int]:
    """The embedded model server with the demo model; yields its gRPC port."""
    port = free_port()
    arguments = [
        f"--port={port}",
        f"--rest_api_port={free_port()}",
        "--model_name=digits",
        f"--model_base_path={models / 'digits'}",
    ]
    with running("modelserver", arguments) as process:
        wait_for_port(port, process)
        yield port


@contextmanager
def gateway(backend_port: int, *flags: str) -> Iterator[Gateway]:
    """A gateway in front of the model server on ``backend_port``; yields it once it is ready."""
    port = free_port()
    arguments = [f"--port={port}", f"--backend=127.0.0.1:{backend_port}", *flags]
    with running("server", arguments) as process:
        wait_for_port(port, process)
        found = Gateway(port, process)
        deadline = time.monotonic() + START_S
        while json.loads(found.get("/readyz"))["status"] != "ready":
            if time.monotonic() > deadline:
                raise TimeoutError(f"the gateway is not ready: {found.get('/readyz')}")
            time.sleep(0.05)
        yield found


@contextmanager
def running(module: str, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """``python -m module`` for as long as the block lasts."""
    environment = {name: text for name, text in os.environ.items() if name != "PORT"}
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until something listens on ``port``. Raises if the process ends before."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the process ended with status {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
