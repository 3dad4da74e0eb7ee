"""A model server for one version, gone when the version has been looked at."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

from tensorflow_serving.config import model_server_config_pb2

from export.errors import ServerError
from export.verification.client import Client

_START_S = 60.0
_STOP_S = 10.0
_CONFIG = "model_config_list {}\n"


class Throwaway:
    """The embedded model server as a process of its own, on a Unix socket.

    It starts without a model, so that what loading takes can be told from what starting takes.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="framewire-")
        self._log = Path(self._folder.name) / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None

    def __enter__(self) -> Throwaway:
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

    def load(self, name: str, version: Path, timeout_s: float) -> tuple[Client, float]:
        """Has it load the version's folder as number 1 of the model `name`.

        Returns a client for it, and the seconds that it took, warm-up included. Raises
        ServerError with the server's own words if it does not load.
        """
        base = Path(self._folder.name) / "models" / name
        base.mkdir(parents=True)
        (base / "1").symlink_to(version.resolve())
        config = model_server_config_pb2.ModelServerConfig()
        config.model_config_list.config.add(
            name=name, base_path=str(base), model_platform="tensorflow"
        )
        assert self._client is not None
        began = time.monotonic()
        try:
            self._client.reload(config, timeout_s)
        except ServerError:
            # The state of the version says why in fewer words, if it is that which failed.
            self._client.check_failure(name, 1)
            raise
        self._client.wait_until_available(name, 1, timeout_s, self._is_running)
        return self._client, time.monotonic() - began

    def _start(self) -> None:
        folder = Path(self._folder.name)
        config, socket = folder / "models.config", folder / "grpc"
        config.write_text(_CONFIG)
        command = [
            sys.executable,
            "-m",
            "export.verification.exit_with_parent",
            "modelserver",
            "--port=0",
        ]
        command += [f"--grpc_socket_path={socket}", f"--model_config_file={config}"]
        with open(self._log, "wb") as log:
            # A signal to us is not for it; its input, which ends with us, is.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        self._client = Client(f"unix:{socket}", "the model server")
        self._client.wait_until_connected(_START_S, self._is_running)

    def _is_running(self) -> None:
        """Raises ServerError if the process has ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            lines = self._log.read_text("utf-8", "replace").strip().splitlines()
            said = lines[-1] if lines else f"status {self._process.returncode}"
            raise ServerError(f"the model server ended: {said}")

    def _stop(self) -> None:
        if self._client is not None:
            self._client.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.communicate(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()
