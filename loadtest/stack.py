"""A model server and a gateway, as real processes on free ports."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from loadtest import procfs

ROOT = Path(__file__).resolve().parents[1]
PORTS = range(10_000, 32_768)
START_S = 60.0
STOP_S = 30.0

_first = secrets.randbelow(len(PORTS))
_CANDIDATES: Iterator[int] = itertools.cycle([*PORTS[_first:], *PORTS[:_first]])
_reserved: list[socket.socket] = []


class Process:
    """A Python module as a process that can be killed and restarted on the same ports.

    ``log``: the file that receives its output; None: that of this process.
    """

    def __init__(self, *arguments: str, log: Path | None = None) -> None:
        self._arguments = [sys.executable, "-m", *arguments]
        self._log = log
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
        if self._log is None:
            self._process = subprocess.Popen(self._arguments, cwd=ROOT)
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, cwd=ROOT, stdout=log, stderr=log)

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
        """Return the resident memory in MB (10^6 bytes)."""
        return procfs.resident_mb(self.pid)

    def descriptors(self) -> int:
        """Return the number of open files and sockets."""
        return procfs.descriptors(self.pid)

    def pss_mb(self) -> float:
        """Return the memory in MB (10^6 bytes), shared pages divided among those that share."""
        return procfs.pss_mb(self.pid)

    def cpu_s(self) -> float:
        """Return the CPU time used, in seconds."""
        return procfs.cpu_s(self.pid)

    def cpu_ns(self) -> int:
        """Return the CPU time used by all threads that live, in nanoseconds."""
        return procfs.cpu_ns(self.pid)


class Stack:
    """Both processes. The page is at ``url``.

    ``models`` is the folder that holds ``digits``; ``model_flags`` replace the flags that name
    it, for other models. ``logs`` is a folder for the logs of both, ``gateway.log`` and
    ``modelserver.log``; without it, they go to the log of this process. ``round_trip_ms`` puts a
    network of that latency between the two. With ``monitoring``, a MonitoringConfig's file, the
    model server has its metrics at ``rest_port``.
    """

    _process: type[Process] = Process

    def __init__(
        self,
        models: Path = ROOT / "models",
        gateway_flags: tuple[str, ...] = (),
        model_flags: tuple[str, ...] | None = None,
        logs: Path | None = None,
        round_trip_ms: float = 0.0,
        monitoring: Path | None = None,
        start_s: float = START_S,
    ) -> None:
        self._start_s = start_s
        self.grpc_port, self.port, self.rest_port = free_port(), free_port(), 0
        self._backend = free_port() if round_trip_ms else self.grpc_port
        self.url = f"http://127.0.0.1:{self.port}/"
        self._tls: ssl.SSLContext | None = None
        if model_flags is None:
            model_flags = ("--model_name=digits", f"--model_base_path={models / 'digits'}")
        if monitoring is not None:
            self.rest_port = free_port()
            rest = f"--rest_api_port={self.rest_port}"
            model_flags = (*model_flags, rest, f"--monitoring_config_file={monitoring}")
        self.model_flags = model_flags
        self.logs = logs
        self.model_server = self._model_server(f"--port={self.grpc_port}", *model_flags)
        self._relay: Process | None = None
        if round_trip_ms:
            ports = (str(self._backend), str(self.grpc_port))
            self._relay = Process("loadtest.relay", *ports, str(round_trip_ms))
        self.gateway = self._gateway(("--log-level=warning", *gateway_flags))

    def __enter__(self) -> Stack:
        try:
            self.start()
        except BaseException:
            self.model_server.kill()
            self.gateway.kill()
            raise
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
        with contextlib.ExitStack() as stopping:  # all of them, also if one has to be killed
            stopping.callback(self.model_server.terminate)
            if self._relay is not None:
                stopping.callback(self._relay.terminate)
            stopping.callback(self.gateway.terminate)

    def restart_gateway(self, *flags: str) -> None:
        """Replace the gateway by a new process with ``flags``, and wait until it is ready."""
        self.gateway.terminate()
        self.gateway = self._gateway(flags)
        self.start()

    def _model_server(self, *flags: str) -> Process:
        log = self.logs and self.logs / "modelserver.log"
        return self._process("modelserver", *flags, log=log)

    def _gateway(self, flags: Sequence[str]) -> Process:
        return self._process(
            "server",
            f"--port={self.port}",
            f"--backend=127.0.0.1:{self._backend}",
            *flags,
            log=self.logs and self.logs / "gateway.log",
        )

    def get(self, path: str) -> str:
        """Return the body of the gateway's HTTP answer, whatever its status."""
        try:
            url = self.url + path.lstrip("/")
            with open_url(url, self._tls) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return error.read().decode()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._start_s
        while not self._ready():
            if time.monotonic() > deadline:
                raise TimeoutError("the gateway did not become ready")
            if not (self.model_server.running and self.gateway.running):
                raise RuntimeError("a process exited before it was ready")
            time.sleep(0.1)

    def _ready(self) -> bool:
        try:
            url = self.url + "readyz"
            with open_url(url, self._tls) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class InstantStack(Stack):
    """A gateway before a model server that answers at once; ``kind`` is what it takes.

    With ``call_ms``, it takes that long for each call, however many pictures it has.
    """

    def __init__(
        self, kind: str, *flags: str, call_ms: float = 0.0, logs: Path | None = None
    ) -> None:
        super().__init__(gateway_flags=flags, logs=logs)
        arguments = (str(self.grpc_port), kind, str(call_ms))
        self.model_server = Process(
            "loadtest.instant", *arguments, log=logs and logs / "modelserver.log"
        )


class SecondGateway(Stack):
    """A gateway beside that of ``first``, before the same model server.

    ``tls``: how to connect to it, if its flags make it serve TLS.
    """

    def __init__(self, first: Stack, *flags: str, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(logs=first.logs)
        self._tls = tls
        if tls is not None:
            self.url = self.url.replace("http:", "https:")
        self.model_server, self._backend = first.model_server, first.grpc_port
        self.gateway = self._gateway(("--log-level=warning", *flags))

    def stop(self) -> None:
        """Stop the gateway, and leave the model server."""
        self.gateway.terminate()


def open_url(url: str, tls: ssl.SSLContext | None = None) -> Any:
    """Open a URL of this machine, whatever proxy the environment names. Raises OSError."""
    direct = urllib.request.ProxyHandler({})
    opener = urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=tls))
    return opener.open(url, timeout=5)


def free_port() -> int:
    """Return a TCP port on loopback that is free now, for this process and those it starts.

    It is below the ephemeral ports (on Linux, from 32768 on), so that no outgoing connection
    takes it in the meantime. As long as this process lives, no other gets it from here, whether
    somebody listens there or not.
    """
    for port in _CANDIDATES:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _reserve(port)
            return port
    raise AssertionError("a cycle never ends")


def _reserve(port: int) -> None:
    """Bind a socket with that name, as others do before they use the port. Raises OSError."""
    if sys.platform != "linux":
        return
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0framewire-port-{port}")  # not in the file system: it ends with the process
    except OSError:
        name.close()
        raise
    _reserved.append(name)
