"""What the Makefile promises: a supported Python, help for every target, hooks like CI's."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("python3", "python3.13", "python3.12", "python3.11", "python3.10")
INHERITED = ("MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "PYTHON")
"""What the `make` that runs the tests adds to the environment."""


def make(folder: Path, good: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Make ``.venv`` where only one of the Pythons says that it is supported."""
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
def test_it_takes_the_first_supported_python(tmp_path: Path, good: str) -> None:
    made = make(tmp_path, good, "--dry-run")
    assert made.stdout.splitlines()[-1] == f"{good} -m venv .venv"


@pytest.mark.parametrize("options", [(), ("PYTHON=python3.12",)])
def test_it_says_which_pythons_are_supported(tmp_path: Path, options: tuple[str, ...]) -> None:
    made = make(tmp_path, "none", *options)
    assert made.returncode == 2
    assert made.stdout.startswith("Framewire needs Python 3.10 to 3.13; choose one with:")


def test_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = dict(re.findall(r"^  make (\w+) +(.+)$", shown.stdout, re.MULTILINE))
    assert sorted(lines) == sorted(phony.split())
    assert all(len(line) <= 80 for line in lines.values())


def test_hooks_run_what_check_runs() -> None:
    """The same tools, none of them from another host."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [check] = re.findall(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    tools = re.findall(r"\$\(BIN\)/(\w+(?: \w+)?)", check)
    assert tools == ["ruff check", "ruff format", "mypy"]
    assert re.findall(r"entry: \.venv/bin/(\w+(?: \w+)?)", hooks) == tools
    assert "http" not in hooks
