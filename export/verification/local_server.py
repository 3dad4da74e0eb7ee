"""A temporary model server for verification: a process of its own on a Unix socket."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from export.client.model_server import ModelServer
from export.client.stubs import model_server_config_pb2
from export.client.waiting import Waiting
from export.errors import ServerError

_START_S = 60.0
_STOP_S = 10.0
# A socket's path has at most 107 bytes on Linux, and 103 on macOS.
_LONGEST_FOLDER = 70
_EMPTY = "model_config_list {}\n"


def _folder() -> str | None:
    """Return where to make temporary folders: not where a socket's path would be too long."""
    return "/tmp" if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_FOLDER else None


class LocalServer:
    """The embedded model server for the duration of a ``with`` block.

    It starts without a model, so that the time to load a model is measured apart from startup.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="framewire-", dir=_folder())
        self._log = Path(self._folder.name) / "log"
        self._socket = Path(self._folder.name) / "grpc"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = ModelServer(f"unix:{self._socket}", "the model server")

    def __enter__(self) -> LocalServer:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def load(self, name: str, version: Path, timeout_s: float) -> tuple[ModelServer, float]:
        """Load the version's directory as version 1 of the model ``name``.

        Return a client, and the seconds that loading took, including warm-up. Raise
        ``ServerError`` with the server's message if it does not load.
        """
        base = Path(self._folder.name) / "models" / name
        base.mkdir(parents=True)
        (base / "1").symlink_to(version.resolve())
        config = model_server_config_pb2.ModelServerConfig()
        config.model_config_list.config.add(
            name=name, base_path=str(base), model_platform="tensorflow"
        )
        began = time.monotonic()
        try:
            self._client.reload(config, timeout_s)
            Waiting(name, 1, None, timeout_s).wait(self._client)
        except ServerError:
            # The log of a server that ended, and the status of a version that failed to load,
            # explain it better.
            self._check_running()
            self._check_failure(name)
            raise
        return self._client, time.monotonic() - began

    def _check_failure(self, name: str) -> None:
        status = self._client.statuses(name).get(1)
        if status is not None and status.error:
            raise ServerError(f"the model server cannot load it: {status.error}")

    def _start(self) -> None:
        config = Path(self._folder.name) / "models.config"
        config.write_text(_EMPTY)
        command = [sys.executable, "-m", "export.verification.exit_with_parent", "modelserver"]
        command += ["--port=0", f"--grpc_socket_path={self._socket}"]
        command += [f"--model_config_file={config}"]
        with open(self._log, "wb") as log:
            # Signals to this process must not reach the server; it ends when its input closes.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        self._client.wait_until_reachable(_START_S, self._check_running)

    def _check_running(self) -> None:
        """Raise ``ServerError`` if the process has ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            lines = self._log.read_text("utf-8", "replace").strip().splitlines()
            reason = lines[-1] if lines else f"status {self._process.returncode}"
            raise ServerError(f"the model server ended: {reason}")

    def _stop(self) -> None:
        self._client.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.communicate(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()
