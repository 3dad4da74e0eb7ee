"""A model server in the test's process, and the labels of its model."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import tensorflow  # noqa: F401  # all of it, before the model server imports parts

from export.client.model_server import AVAILABLE, ModelServer
from export.publishing.location import locate
from export.publishing.repository import Repository
from export.release.config import ConfigFile
from export.release.labels import Labels
from modelserver import app
from modelserver.lifecycle import model_config
from modelserver.options.flags import Options
from tests.modelserver import exported

MODEL = "half"


@pytest.fixture(scope="session")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small SavedModel."""
    return exported.half_plus(tmp_path_factory.mktemp("half") / "1")


class Deployment:
    """A model repository, its configuration file, and model servers that serve it."""

    def __init__(self, folder: Path, version: Path, stack: ExitStack) -> None:
        self.base = folder / MODEL
        self.file = ConfigFile(folder / "models.config")
        self.said: list[str] = []
        self.shown: list[str] = []
        self.interrupt: Callable[[str], None] = lambda state: None
        self._version = version
        self._stack = stack
        self.publish(1)

    def publish(self, *numbers: int) -> None:
        """Publish versions, each in one rename."""
        for number in numbers:
            shutil.copytree(self._version, self.base / f".{number}")
            (self.base / f".{number}").rename(self.base / str(number))

    def break_version(self, number: int) -> None:
        """Damage a version so that no model server can load it."""
        (self.base / str(number) / "saved_model.pb").write_bytes(b"\x08\x01")

    def serve(self, with_file: bool = False) -> ModelServer:
        """Start a model server with flags only, or with the file, and load the versions."""
        options = Options(port=0, file_system_poll_wait_seconds=0.05, max_num_load_retries=0)
        models = model_config.single(MODEL, str(self.base))
        if with_file:
            models = model_config.read(str(self.file.path))
            options = Options(port=0, allow_version_labels_for_unavailable_models=True)
        running = app.ModelServer(options, models)
        running.load()
        running.open()
        self._stack.callback(running.stop, 0.0)
        return self._stack.enter_context(ModelServer(f"127.0.0.1:{running.port}"))

    def release(self, server: ModelServer) -> Labels:
        """Return the labels of the model on a server."""
        repository = Repository(locate(str(self.base)))
        return Labels(MODEL, repository, server, self.file, self.said.append, self._show, 20.0)

    def _show(self, task: str, done: int, wanted: int, note: str) -> None:
        if self.shown[-1:] != [f"{task} {note}"]:
            self.shown.append(f"{task} {note}")
        self.interrupt(note)


@pytest.fixture
def deployment(tmp_path: Path, version: Path) -> Iterator[Deployment]:
    with ExitStack() as stack:
        yield Deployment(tmp_path, version, stack)


@pytest.fixture
def server(deployment: Deployment) -> ModelServer:
    """Return a model server with version 1 that was started with flags only."""
    return deployment.serve()


def available(server: ModelServer) -> set[int]:
    """Return the versions that are available."""
    statuses = server.statuses(MODEL).items()
    return {number for number, status in statuses if status.state == AVAILABLE}
