"""Which Python `make` takes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("python3", "python3.13", "python3.12", "python3.11", "python3.10")
INHERITED = ("MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "PYTHON")
"""What the `make` that runs the tests passes on."""


def make(folder: Path, good: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Make a ``.venv`` where of all Pythons but one says that it is supported."""
    for name in NAMES:
        (folder / name).write_text(f"#!/bin/sh\n[ {name} = {good} ]\n")
        (folder / name).chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return subprocess.run(
        ["make", *options, "-f", str(ROOT / "Makefile"), ".venv/bin/pip"],
        cwd=folder,
        env=env | {"PATH": f"{folder}:{env['PATH']}"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("good", NAMES)
def test_the_first_that_is_supported(tmp_path: Path, good: str) -> None:
    made = make(tmp_path, good, "--dry-run")
    assert made.stdout.splitlines()[-1] == f"{good} -m venv .venv"


@pytest.mark.parametrize("options", [(), ("PYTHON=python3.12",)])
def test_none_that_is_supported(tmp_path: Path, options: tuple[str, ...]) -> None:
    made = make(tmp_path, "none", *options)
    assert made.returncode == 2
    assert made.stdout.startswith("Framewire needs Python 3.10 to 3.13; choose one with:")
