"""A wheel holds all that the gateway serves, and what the demo model is made from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("server", "static", "modelserver", "export", "demomodel", "loadtest")
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel would install."""
    source = tmp_path_factory.mktemp("source")
    for folder in FOLDERS:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, source / folder, symlinks=True, ignore=unwanted)
    for file in FILES:
        shutil.copy(ROOT / file, source)
    # Not pip, which would fetch setuptools anew.
    command = [sys.executable, "-c", BUILD, str(source)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=60)
    [wheel] = source.glob("*.whl")
    target = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(target)
    return target


@pytest.mark.parametrize(
    ("there", "here"),
    [("server/static", "static"), ("demomodel/checkpoints", "demomodel/checkpoints")],
)
def test_data_travels_with_the_code(installed: Path, there: str, here: str) -> None:
    assert contents(installed / there) == contents(ROOT / here)


def test_an_installed_gateway_has_its_page(installed: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "--port=0", "--backend=127.0.0.1:1"],
        cwd=installed,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        listening = re.search(r"listening on (\S+),", process.stderr.readline())
        assert listening is not None
        for path, file in (("/", "index.html"), ("/static/page/app.js", "page/app.js")):
            with urllib.request.urlopen(f"http://{listening[1]}{path}", timeout=10) as answer:
                assert answer.read() == (ROOT / "static" / file).read_bytes()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, by its path there."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
