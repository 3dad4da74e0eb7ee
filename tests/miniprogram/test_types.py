"""TypeScript reads the mini-program, strictly and without a DOM, and planted mistakes are found."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

PLANTED = {
    "a global that phones lack": "new TextEncoder().encode('text');",
    "a global of browsers": "document.createElement('p');",
    "a method that older phones lack": "[1, 2].flat();",
    "a timer's result as text": "/** @type {string} */ const timer = setTimeout(() => {}, 1);",
    "a protocol that is no array": "wx.connectSocket({ url: 'wss://x', protocols: 'a' });",
    "an option that wx does not have": "wx.uploadFile({ url: 'https://x', file: 'y' });",
    "a call of what does not exist": "wx.connectWebSocket({ url: 'wss://x' });",
    "a wrong way to turn": (
        "require('../../../../../miniprogram/client/lib/index')"
        ".turnFor({ width: 1, height: 1 }, { width: 1, height: 1 }, 'left');"
    ),
    "a frame without data": (
        "const { MiniProgramClient } = require('../../../../../miniprogram/client/lib/index');"
        "new MiniProgramClient({ url: 'wss://x' }).offer({ format: 'jpeg' });"
    ),
    "a result's field that does not exist": (
        "const { MiniProgramClient } = require('../../../../../miniprogram/client/lib/index');"
        "new MiniProgramClient({ url: 'x', onResult: (result) => result.boxen });"
    ),
}


def tsc(packages: Path, project: Path) -> subprocess.CompletedProcess[str]:
    command = [str(packages / "node_modules/.bin/tsc"), "-p", str(project)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_all_of_the_mini_program_and_its_client_pass(packages: Path) -> None:
    done = tsc(packages, HERE / "tsconfig.json")
    assert done.returncode == 0, done.stdout


def test_the_copies_use_nothing_that_phones_lack(packages: Path) -> None:
    """They are plain JavaScript without types, so only names and calls are checked."""
    done = tsc(packages, HERE / "tsconfig.core.json")
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def complaints(packages: Path) -> str:
    """What TypeScript says about a folder with one planted mistake in each file."""
    folder = packages / "node_modules" / ".cache" / "planted"
    folder.mkdir(parents=True, exist_ok=True)
    for name, line in PLANTED.items():
        source = f"'use strict';\n{line}\nmodule.exports = {{}};\n"
        (folder / f"{name.replace(' ', '-')}.js").write_text(source, encoding="utf-8")
    settings = json.loads((HERE / "tsconfig.json").read_text(encoding="utf-8"))
    settings["compilerOptions"]["typeRoots"] = [str(packages / "node_modules")]
    settings["compilerOptions"]["skipLibCheck"] = True  # checked once, with the mini-program
    settings |= {"include": ["*.js"], "exclude": []}
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return tsc(packages, folder / "tsconfig.json").stdout


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_found(complaints: str, name: str) -> None:
    assert f"{name.replace(' ', '-')}.js(2," in complaints, complaints
