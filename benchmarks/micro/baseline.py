"""The stored ratios, and which steps have become slower since."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_name("baseline.json")
SLOWER = 1.3
"""From this factor on, a step counts as slower."""


def stored(path: Path = FILE) -> Mapping[str, float] | None:
    """Return the ratios of the steps in this version of Python; None if there are none."""
    ratios: dict[str, Mapping[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    return ratios.get(version())


def store(ratios: Mapping[str, float], path: Path = FILE) -> None:
    """Replace the ratios of this version of Python."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[version()] = {name: round(ratio, 3) for name, ratio in ratios.items()}
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def slower(ratios: Mapping[str, float], base: Mapping[str, float]) -> list[str]:
    """Return the steps whose ratio has grown to ``SLOWER`` times the stored one, or more."""
    return [name for name, ratio in ratios.items() if ratio >= SLOWER * base.get(name, ratio)]


def version() -> str:
    """Return the version of Python, without which ratios cannot be compared: ``3.11``."""
    return ".".join(platform.python_version_tuple()[:2])
