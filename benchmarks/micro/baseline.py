"""The stored ratios, and which steps have become slower since."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_name("baseline.json")
SLOWER = 1.3
"""From this factor on, a step counts as slower."""


def stored(path: Path = FILE) -> Mapping[str, float] | None:
    """Return the ratios of the steps on this :func:`kind` of machine; None if there are none."""
    ratios: dict[str, Mapping[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    return ratios.get(kind())


def store(ratios: Mapping[str, float], path: Path = FILE) -> None:
    """Replace the ratios of this :func:`kind` of machine."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known[kind()] = {name: round(ratio, 3) for name, ratio in ratios.items()}
    path.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def slower(ratios: Mapping[str, float], base: Mapping[str, float]) -> list[str]:
    """Return the steps whose ratio has grown to ``SLOWER`` times the stored one, or more."""
    return [name for name, ratio in ratios.items() if ratio >= SLOWER * base.get(name, ratio)]


def kind() -> str:
    """Return what ratios depend on: the version of Python, and who made the processor.

    Copying and unmasking, relative to the loop, take half as long again on Intel's as on AMD's.
    """
    version = ".".join(platform.python_version_tuple()[:2])
    return f"{version} on {_maker(Path('/proc/cpuinfo'))}"


def _maker(cpuinfo: Path) -> str:
    """Return the vendor that ``cpuinfo`` names, such as AuthenticAMD, or else the architecture."""
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.exists() else ""
    found = re.search(r"^vendor_id\s*: (\S+)", text, re.MULTILINE)
    return found[1] if found else platform.machine()
