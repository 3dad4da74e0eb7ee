"""Environments apart from the project's: each has one library, and what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loadtest.stack import ROOT
from tests.families.table import Library

_MARK = ".complete"


@dataclass(frozen=True)
class Environment:
    """How to run a program that uses a library."""

    python: Path
    variables: Mapping[str, str]


def prepared(library: Library, folder: Path) -> Environment:
    """Return the environment in ``folder``; install it first if it is not there."""
    if not (folder / _MARK).exists():
        _install(library, folder)
        (folder / _MARK).touch()
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    if library.beside:
        variables["PYTHONPATH"] += os.pathsep + str(folder)
        return Environment(Path(sys.executable), variables)
    return Environment(folder / "bin" / "python", variables)


def _install(library: Library, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not library.packages:
        return
    if library.beside:  # the project's own TensorFlow and Keras stay as they are
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(folder)]
    else:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install"]
    subprocess.run([*pip, "--quiet", *library.packages], check=True)
