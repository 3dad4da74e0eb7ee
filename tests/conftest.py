"""The tools that the tests need, and the demo model as a user gets it."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import signal
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from loadtest.stack import Stack
from tests import forked
from tests.forked import ForkedStack

# On a shared machine any example may take long once.
settings.register_profile("framewire", deadline=None)
settings.load_profile("framewire")

ROOT = Path(__file__).resolve().parents[1]
QUIET = "--log-level=warning"
SLOW = (
    "test_wheel.py",
    "test_page_models.py",
    "test_readme.py",
    "tutorials",
    "e2e",
    "loadtest",
    "miniprogram",
    "test_keras2_sources.py",
    "test_process.py",
    "test_switch_benchmark.py",
)
"""Slow modules, and folders of them. The first two do not wait for the export of the demo model."""


def pytest_configure() -> None:
    """Let signals reach the processes that tests start, also in the background and under nohup.

    Both let a process ignore some, and its children with it.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            handler = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is collected, and TensorFlow, out of the garbage collector's sight.

    Each of its rounds would look at all of it again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow modules first, so that no worker is left alone with one of them at the end."""

    def rank(item: pytest.Item) -> int:
        places = (item.path.name, item.path.parent.name)
        return min((SLOW.index(place) for place in places if place in SLOW), default=len(SLOW))

    items.sort(key=rank)


def _needed(tool: str) -> str:
    """The path of a program. A test without it is skipped by name, or fails in CI."""
    found = shutil.which(tool)
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{tool} is missing; .ci/run installs it")
    if found is None:
        pytest.skip(f"{tool} is not installed")
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    return _needed("chromium")


@pytest.fixture(scope="session")
def node() -> str:
    """Node's path."""
    return _needed("node")


@pytest.fixture(scope="session")
def nginx() -> str:
    """nginx's path."""
    return _needed("nginx")


@pytest.fixture(scope="session")
def prometheus() -> str:
    """Prometheus' path."""
    return _needed("prometheus")


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of Prometheus' tool."""
    return _needed("promtool")


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Let the first worker of a run create what all share, while the others wait for it."""
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder of this run, shared by its workers."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def demo_models(run_folder: Path) -> Path:
    """A folder with the demo model, exported from its checkpoint. Read-only."""
    models = run_folder / "demo_models"
    with one_at_a_time(run_folder / "demo_models.lock"):
        if not models.exists():
            _run("export", "savedmodel", "--output", str(models / "digits"))
    return models


@pytest.fixture(scope="session")
def demo_servers(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A model server with the demo model and metrics, and a gateway; not started yet."""
    monitoring = tmp_path_factory.mktemp("monitoring") / "monitoring.config"
    monitoring.write_text("prometheus_config { enable: true }")
    servers = ForkedStack(demo_models, monitoring=monitoring)
    yield servers
    servers.stop()


@pytest.fixture
def demo_stack(demo_servers: Stack) -> Stack:
    """Both, started and ready. A test may kill one of them; the next test gets both again."""
    demo_servers.start()
    return demo_servers


@contextmanager
def gateway_with(stack: Stack, *flags: str) -> Iterator[Stack]:
    """Give the stack's model server a gateway with these flags, and then the usual one again."""
    stack.restart_gateway(QUIET, *flags)
    try:
        yield stack
    finally:
        stack.restart_gateway(QUIET)


@pytest.fixture(scope="module")
def patient_stack(demo_servers: Stack) -> Iterator[Stack]:
    """Both, started and ready, for tests of single frames, none of which is ever too late.

    A slow machine may take its time.
    """
    with gateway_with(demo_servers, "--max-staleness-ms=20000") as stack:
        yield stack


@pytest.fixture(scope="session")
def other_models(run_folder: Path) -> Path:
    """A folder with the models of ``tests.e2e.other_models``. Read-only."""
    models = run_folder / "other_models"
    with one_at_a_time(run_folder / "other_models.lock"):
        if not models.exists():
            _run("tests.e2e.other_models", str(models))
    return models


@pytest.fixture(scope="session")
def exported_sources(run_folder: Path, other_models: Path) -> Path:
    """A folder with the models of ``tests.e2e.exported_sources``. Read-only."""
    models = run_folder / "exported_sources"
    with one_at_a_time(run_folder / "exported_sources.lock"):
        if not models.exists():
            _run("tests.e2e.exported_sources", str(models), str(other_models))
    return models


def models_config(folder: Path, names: Sequence[str]) -> str:
    """Return the model server's configuration for models in a folder."""
    rows = [
        f'config {{ name: "{name}" base_path: "{folder}/{name}" model_platform: "tensorflow" }}'
        for name in names
    ]
    return f"model_config_list {{ {' '.join(rows)} }}"


def _run(module: str, *arguments: str) -> None:
    done = forked.run(module, *arguments)
    assert done.returncode == 0, done.stderr
