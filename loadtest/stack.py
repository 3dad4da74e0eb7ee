"""A model server and a gateway, as real processes on free ports."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]
PORTS = range(10_000, 32_768)
START_S = 60.0
STOP_S = 10.0

_first = secrets.randbelow(len(PORTS))
_CANDIDATES: Iterator[int] = itertools.cycle([*PORTS[_first:], *PORTS[:_first]])


class Process:
    """A Python module as a process that can be killed and restarted on the same ports."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = [sys.executable, "-m", *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process; it may not listen yet when this returns."""
        self._process = subprocess.Popen(self._arguments, cwd=ROOT)

    def kill(self) -> None:
        """Kill the process, without a chance to clean up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> None:
        """Ask the process to stop, and wait until it has."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._process = None

    def resident_mb(self) -> float:
        """Return the resident memory in MB (10^6 bytes); ``ps -o rss`` shows it in KiB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
        return int(kib) * 1024 / 1e6

    def cpu_s(self) -> float:
        """Return the CPU time used, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Stack:
    """Both processes. The page is at ``url``.

    ``models`` is the folder that holds ``digits``; ``model_flags`` replace the flags that name
    it, for other models. ``round_trip_ms`` puts a network of that latency between the two.
    """

    def __init__(
        self,
        models: Path = ROOT / "models",
        gateway_flags: tuple[str, ...] = (),
        model_flags: tuple[str, ...] | None = None,
        round_trip_ms: float = 0.0,
    ) -> None:
        self.grpc_port, self.port = free_port(), free_port()
        backend = free_port() if round_trip_ms else self.grpc_port
        self.url = f"http://127.0.0.1:{self.port}/"
        if model_flags is None:
            model_flags = ("--model_name=digits", f"--model_base_path={models / 'digits'}")
        self.model_server = Process("modelserver", f"--port={self.grpc_port}", *model_flags)
        self._relay: Process | None = None
        if round_trip_ms:
            ports = (str(backend), str(self.grpc_port))
            self._relay = Process("loadtest.relay", *ports, str(round_trip_ms))
        self.gateway = Process(
            "server",
            f"--port={self.port}",
            f"--backend=127.0.0.1:{backend}",
            "--log-level=warning",
            *gateway_flags,
        )

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start what is not running, and wait until frames can be answered."""
        for process in (self.model_server, self._relay, self.gateway):
            if process is not None and not process.running:
                process.start()
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop all of it."""
        self.gateway.terminate()
        if self._relay is not None:
            self._relay.terminate()
        self.model_server.terminate()

    def get(self, path: str) -> str:
        """Return the body of the gateway's HTTP answer, whatever its status."""
        try:
            with urllib.request.urlopen(self.url + path.lstrip("/"), timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while not self._ready():
            if time.monotonic() > deadline:
                raise TimeoutError("the gateway did not become ready")
            if not (self.model_server.running and self.gateway.running):
                raise RuntimeError("a process exited before it was ready")
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def free_port() -> int:
    """Return a TCP port on loopback that is free now.

    It is below the ephemeral ports (on Linux, from 32768 on), so that no outgoing connection
    takes it in the meantime.
    """
    for port in _CANDIDATES:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a cycle never ends")
