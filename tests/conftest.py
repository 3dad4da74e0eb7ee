"""What the tests need from the machine, and the demo model as a user gets it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _needed(tool: str) -> str:
    """The path of a program; a test without it is skipped aloud, and fails in CI."""
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
def demo_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the demo model in it, exported from the checkpoint."""
    models = tmp_path_factory.mktemp("models")
    subprocess.run(
        [sys.executable, "-m", "export", "savedmodel", "--output", str(models / "digits")],
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    return models
