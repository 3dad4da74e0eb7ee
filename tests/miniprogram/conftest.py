"""Node's packages for these tests, installed once from the lock file."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INSTALLED = HERE / "node_modules" / ".package-lock.json"


@pytest.fixture(scope="session")
def packages(node: str) -> Path:
    """The folder whose ``node_modules`` holds what package-lock.json names."""
    npm = shutil.which("npm")
    if npm is None and os.environ.get("CI"):
        pytest.fail("npm is missing; .ci/run installs it")
    if npm is None:
        pytest.skip("npm is not installed")
    lock = HERE / "package-lock.json"
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run([npm, "ci", "--loglevel=error"], cwd=HERE, check=True, timeout=200)
        INSTALLED.touch()
    return HERE
