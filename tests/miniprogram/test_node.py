"""The mini-program's JavaScript under ``node --test``, and its copy of the client."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TEST_FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))


@pytest.mark.parametrize("file", TEST_FILES)
def test_under_node(node: str, packages: Path, file: str) -> None:
    """Every test in the file passes, and none is skipped."""
    done = subprocess.run(
        [node, "--test-reporter=spec", file],
        cwd=packages,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped 0" in done.stdout, done.stdout
    print(done.stdout)


def test_the_copies_are_up_to_date(node: str) -> None:
    command = [node, str(ROOT / "miniprogram/client/copy.mjs"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
