"""Directories that look like versions, and what a model server would see of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from export.publishing import manifest
from export.publishing.location import locate
from export.publishing.repository import is_version

ROOT = Path(__file__).resolve().parents[2]
DESCRIBED = (
    b'\x12\x07{"schema": 1, "name": "digits", "made_from": "digits sha256:12", "labels": []}\x1a'
)
# A message of one field, as the graph's file is.
GRAPH = b"\x12" + bytes([len(DESCRIBED) + 5]) + b"graph" + DESCRIBED
FILES = {
    "saved_model.pb": GRAPH,
    "variables/variables.index": b"index",
    "variables/variables.data-00000-of-00001": b"values" * 100,
    "assets/labels.txt": b"zero\none\n",
}


def make(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    """Write files that look like a SavedModel's."""
    for name, contents in (FILES if files is None else files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
    return folder


def command(*arguments: object) -> list[str]:
    """Return ``python -m export ...`` as arguments for ``subprocess``."""
    return [sys.executable, "-m", "export", *map(str, arguments)]


def run(*arguments: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run ``python -m export ...`` to its end."""
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=timeout
    )


def assert_one_line(done: subprocess.CompletedProcess[str], words: str) -> None:
    """Assert that the command failed with one clear line."""
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert done.stderr.startswith("python -m export: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert words in done.stderr


def numbers(folder: Path) -> list[int]:
    """Return what a model server takes for versions."""
    return sorted(int(p.name) for p in folder.iterdir() if is_version(p.name) and p.is_dir())


def hidden(folder: Path) -> list[str]:
    """Return what publishers left beside the versions, except for the lock."""
    names = (p.name for p in folder.iterdir())
    return sorted(name for name in names if not is_version(name) and name != ".lock")


def assert_whole(folder: Path, number: int) -> None:
    """Assert that a version has all its files, as they were published."""
    assert manifest.check(locate(str(folder / str(number)))) is not None
