"""The servers compared: how each is started, how cameras reach it, and what it does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.field.peers import HttpPeer, WebSocketPeer
from loadtest.cameras.target import Target
from loadtest.stack import ROOT

ENVIRONMENT = ROOT / "build" / "field" / "venv"
_SERVERS = "benchmarks.field.servers"


@dataclass(frozen=True)
class Ports:
    """Where a server listens, and its model server if it has one."""

    http: int
    grpc: int


@dataclass(frozen=True)
class System:
    """A way to serve the model.

    ``commands`` returns the programs to start, from the folder of the model and the ports.
    ``does`` is for readers: how frames reach the model. ``package`` is the distribution whose
    version is reported.
    """

    name: str
    does: str
    package: str
    commands: Callable[[Path, Ports], Sequence[Sequence[str]]]
    target: Callable[[int], Target]

    @property
    def version(self) -> str:
        """The version that is installed."""
        folders = [str(path) for path in ENVIRONMENT.glob("lib/python*/site-packages")]
        where = sys.path if self.package == "framewire" else folders
        found = next(iter(metadata.distributions(name=self.package, path=where)), None)
        return found.version if found else "(not installed)"


def _framewire(model: Path, ports: Ports) -> list[list[str]]:
    gateway = [f"--port={ports.http}", f"--backend=127.0.0.1:{ports.grpc}", "--log-level=warning"]
    return [model_server(model, ports), [sys.executable, "-m", "server", *gateway]]


def model_server(model: Path, ports: Ports) -> list[str]:
    flags = ["--model_name=digits", f"--model_base_path={model.parent}", f"--port={ports.grpc}"]
    return [sys.executable, "-m", "modelserver", *flags]


def _calling(module: str) -> Callable[[Path, Ports], list[list[str]]]:
    """Return the commands of a server that calls the model server."""

    def commands(model: Path, ports: Ports) -> list[list[str]]:
        arguments = [str(ports.http), str(ports.grpc)]
        return [model_server(model, ports), [*_peer(module), *arguments]]

    return commands


def _in_process(module: str) -> Callable[[Path, Ports], list[list[str]]]:
    """Return the command of a server that has the model in its own processes."""
    return lambda model, ports: [[*_peer(module), str(ports.http), str(model)]]


def _bento(model: Path, ports: Ports) -> list[list[str]]:
    program = ["env", f"DIGITS_MODEL={model}", str(ENVIRONMENT / "bin" / "bentoml"), "serve"]
    flags = ["--host=127.0.0.1", f"--port={ports.http}", "-q"]
    return [[*program, f"{_SERVERS}.bento:Digits", *flags]]


def _peer(module: str) -> list[str]:
    return [str(ENVIRONMENT / "bin" / "python"), "-m", f"{_SERVERS}.{module}"]


def _gateway(port: int) -> Target:
    return Target("127.0.0.1", port, "/ws", False, "127.0.0.1")


def _web_socket(port: int) -> Target:
    return WebSocketPeer("127.0.0.1", port, "/ws", False, "127.0.0.1")


def _http(port: int) -> Target:
    return HttpPeer("127.0.0.1", port, "/predict", False, "127.0.0.1")


def _base64(port: int) -> Target:
    return HttpPeer("127.0.0.1", port, "/predict", False, "127.0.0.1", wrap="pictures")


SYSTEMS = {
    "framewire": System(
        "Framewire",
        "WebSocket; batches across sessions, model server over gRPC",
        "framewire",
        _framewire,
        _gateway,
    ),
    "fastapi": System(
        "FastAPI",
        "WebSocket; one `grpc.aio` call per frame to the same model server",
        "fastapi",
        _calling("fastapi_grpc"),
        _web_socket,
    ),
    "tornado": System(
        "Tornado",
        "WebSocket; one blocking call per frame to the same model server",
        "tornado",
        _calling("tornado_blocking"),
        _web_socket,
    ),
    "litserve": System(
        "LitServe",
        "HTTP; batches across requests, model in two worker processes",
        "litserve",
        _in_process("lit_serve"),
        _http,
    ),
    "bentoml": System(
        "BentoML",
        "HTTP; adaptive batches, model in two worker processes",
        "bentoml",
        _bento,
        _base64,
    ),
    "ray": System(
        "Ray Serve",
        "HTTP; `serve.batch`, model in two replicas",
        "ray",
        _in_process("ray_serve"),
        _http,
    ),
}
