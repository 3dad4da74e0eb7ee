"""The npm packages of the simulated phone, as package-lock.json pins them."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
INSTALLED = HERE / "node_modules" / ".package-lock.json"


def install(npm: str) -> Path:
    """Install the packages unless that has been done since they changed. Return their folder."""
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
        subprocess.run(
            [npm, "ci", "--loglevel=error", "--no-audit", "--no-fund", "--prefer-offline"],
            cwd=HERE,
            check=True,
            timeout=200,
        )
        INSTALLED.touch()
    return HERE
