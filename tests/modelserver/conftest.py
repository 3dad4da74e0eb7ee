"""Exported models, and model servers in the test process, over real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tensorflow  # noqa: F401  # all of it, before the model server imports parts

from loadtest.stack import free_port
from modelserver.app import ModelServer
from modelserver.lifecycle import model_config
from modelserver.options.flags import Options
from tests.modelserver import exported
from tests.modelserver.client import Client

QUICK = Options(port=0, file_system_poll_wait_seconds=0.05, load_retry_interval_micros=50_000)
"""A free port, and intervals so short that tests need not wait."""

MODELS = (
    "half_plus", "lengths", "several", "failing", "pictures", "one_at_a_time", "slow", "examples",
    "every_type",
)  # fmt: skip
Serve = Callable[..., Client]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with version 1 of each small model. Tests that change files make a copy."""
    folder = tmp_path_factory.mktemp("models")
    for name in MODELS:
        getattr(exported, name)(folder / name / "1")
    return folder


@pytest.fixture(scope="session")
def config_file(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model config that lists all small models."""
    entries = "".join(
        f'config {{ name: "{path.name}" base_path: "{path}" model_platform: "tensorflow" }}\n'
        for path in sorted(models.iterdir())
    )
    file = tmp_path_factory.mktemp("config") / "models.config"
    file.write_text(f"model_config_list {{ {entries} }}")
    return file


@pytest.fixture(scope="session")
def client(config_file: Path) -> Iterator[Client]:
    """A client of a server with all small models, shared by tests that change nothing."""
    with ExitStack() as stack:
        options = replace(QUICK, model_config_file=str(config_file), rest_api_port=free_port())
        yield _serve(stack, options)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a server with the given options, for one test."""
    with ExitStack() as stack:
        yield lambda **options: _serve(
            stack, replace(QUICK, **{name: _plain(value) for name, value in options.items()})
        )


def _serve(stack: ExitStack, options: Options) -> Client:
    server = ModelServer(options, model_config.initial(options))
    stack.callback(server.stop, 0.0)
    server.load()
    server.open()
    address = f"localhost:{server.port}" if server.port else f"unix:{options.grpc_socket_path}"
    client = Client(address, server.registry, server.rest_port)
    stack.callback(client.close)
    return client


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
