"""Several model servers behind one gateway, and a name whose addresses can change."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from loadtest import accounts
from loadtest.stack import Process, Stack, free_port

NAME = "serving.framewire.test"
_START_S = 60.0
_POLL_S = 0.02
# The gateway sees another /etc/hosts than the rest of the machine; exec keeps its process id.
_OWN_HOSTS = 'mount --bind "$0" /etc/hosts && exec "$@"'


class ModelServer(Process):
    """A model server at an address of its own, which can stop answering without ending."""

    def __init__(self, host: str, port: int, *flags: str, log: Path | None = None) -> None:
        super().__init__("modelserver", f"--host={host}", f"--port={port}", *flags, log=log)
        self.host = host
        self.port = port
        self.address = f"{host}:{port}"

    @property
    def listening(self) -> bool:
        """Whether the process accepts connections."""
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def freeze(self) -> None:
        """Stop the process, as a machine that hangs does."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)


class Cluster(Stack):
    """``count`` model servers at loopback addresses with one port, and a gateway for all of them.

    ``hosts`` is a file for the gateway to resolve :data:`NAME` with, instead of ``/etc/hosts``;
    without it the gateway is given the addresses.
    """

    def __init__(
        self,
        model_flags: tuple[str, ...],
        count: int,
        logs: Path,
        hosts: Path | None = None,
        gateway_flags: tuple[str, ...] = (),
    ) -> None:
        self.hosts = hosts
        self._serving_port = free_port()
        self.model_servers = [
            ModelServer(
                f"127.2.0.{number + 1}",
                self._serving_port,
                *model_flags,
                log=logs / f"modelserver-{number + 1}.log",
            )
            for number in range(count)
        ]
        super().__init__(gateway_flags=gateway_flags, model_flags=model_flags, logs=logs)
        self.model_server = self.model_servers[0]
        self.resolve_to(self.model_servers)

    def start(self) -> None:
        """Start what is not running, and wait until all model servers can answer."""
        for server in self.model_servers:
            if not server.running:
                server.start()
        super().start()
        self.wait_for(lambda: all(map(self.serves, self.model_servers)))

    def stop(self) -> None:
        """Stop all of it."""
        for server in self.model_servers:
            if server.running:
                server.thaw()
        super().stop()
        for server in self.model_servers:
            server.terminate()

    def resolve_to(self, servers: Sequence[ModelServer]) -> None:
        """Let the name lead to ``servers`` from now on."""
        if self.hosts is not None:
            lines = [f"{server.host} {NAME}\n" for server in servers]
            self.hosts.write_text("".join(["127.0.0.1 localhost\n", *lines]), encoding="ascii")

    def backends(self) -> dict[str, dict[str, Any]]:
        """Return what the gateway says about each model server, by address."""
        statuses = json.loads(self.get("/readyz")).get("backends", [])
        return {status["address"]: status for status in statuses}

    def serves(self, server: ModelServer) -> bool:
        """Return whether a model server gets calls."""
        return self.state_of(server) in ("trial", "ready")

    def state_of(self, server: ModelServer) -> str:
        """Return the state of one model server; an empty text if the gateway has none such."""
        return str(self.backends().get(server.address, {}).get("state", ""))

    def frames(self) -> dict[str, int]:
        """Return how many frames each model server has answered, by address."""
        return {address: status["frames"] for address, status in self.backends().items()}

    def moved(self) -> int:
        """Return how many frames were sent to another model server because theirs failed."""
        return int(accounts.metrics(self.get)["framewire_frames_moved_total"])

    def wait_for(self, condition: Callable[[], object], timeout_s: float = _START_S) -> float:
        """Wait until ``condition`` holds. Return how long that took in seconds."""
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > timeout_s:
                raise TimeoutError(f"after {timeout_s:g} s: {self.backends()}")
            time.sleep(_POLL_S)
        return time.monotonic() - started

    def _gateway(self, flags: Sequence[str]) -> Process:
        if self.hosts is None:
            targets = [server.address for server in self.model_servers]
        else:
            targets = [f"dns:///{NAME}:{self._serving_port}"]
        return _Gateway(
            self.hosts,
            f"--port={self.port}",
            *(f"--backend={target}" for target in targets),
            *flags,
            log=self.logs and self.logs / "gateway.log",
        )


class _Gateway(Process):
    """A gateway with ``hosts`` for its ``/etc/hosts``."""

    def __init__(self, hosts: Path | None, *flags: str, log: Path | None) -> None:
        super().__init__("server", *flags, log=log)
        if hosts is not None:
            own = ("unshare", "--map-root-user", "--mount", "sh", "-c", _OWN_HOSTS, str(hosts))
            self._arguments = [*own, *self._arguments]


def can_change_hosts() -> bool:
    """Return whether this machine lets a process have an ``/etc/hosts`` of its own."""
    if shutil.which("unshare") is None:
        return False
    with contextlib.suppress(OSError):
        command = ("unshare", "--map-root-user", "--mount", "true")
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False
