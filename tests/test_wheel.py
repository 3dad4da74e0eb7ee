"""The wheel, installed into an empty environment, is complete: ``framewire demo`` answers."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demomodel import scenes
from loadtest.stack import free_port

ROOT = Path(__file__).resolve().parents[1]
UNSHIPPED = {"benchmarks", "website"}
PACKAGES = [path.parent.name for path in ROOT.glob("*/__init__.py")]
PACKAGES = [name for name in PACKAGES if name not in UNSHIPPED]
FILES = ("setup.cfg", "pyproject.toml", "README.md", "LICENSE")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
READY_S = 120.0
STOP_S = 30.0


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it; its dependencies are those of the tests."""
    wheel = build(tmp_path_factory.mktemp("source"))
    folder = tmp_path_factory.mktemp("environment")
    # No network: pip would download setuptools to build, and the dependencies to install.
    command = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(command, check=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, timeout=120)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def build(source: Path) -> Path:
    for folder in (*PACKAGES, "static"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, source / folder, symlinks=True, ignore=unwanted)
    for file in FILES:
        shutil.copy(ROOT / file, source)
    command = [sys.executable, "-c", BUILD, str(source)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    [wheel] = source.glob("*.whl")
    return wheel


class Demo:
    """``framewire demo`` as a newcomer runs it: in a terminal's session, in an empty folder."""

    def __init__(self, environment: Path, folder: Path) -> None:
        ports = [f"--{name}={free_port()}" for name in ("port", "grpc-port", "rest-port")]
        self.url = ""
        self.lines: list[str] = []
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            [environment / "bin" / "framewire", "demo", *ports],
            cwd=folder,
            env={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_until_ready(self) -> None:
        assert self._ready.wait(READY_S), self.output
        assert self.url, self.output

    def started(self) -> list[int]:
        """The ids of both servers."""
        return [int(pid) for pid in re.findall(r"started \(pid=(\d+)\)", self.output)]

    def interrupt(self) -> int:
        """Press Ctrl-C. Returns the exit status."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_S)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if ready := re.search(r"ready: open (http://\S+)", line):
                self.url = ready[1]
                self._ready.set()
        self._ready.set()


@pytest.fixture
def demo(environment: Path, tmp_path: Path) -> Iterator[Demo]:
    if sys.version_info >= (3, 11):  # whose PYTHONSAFEPATH keeps the current folder out
        (tmp_path / "export").mkdir()
        (tmp_path / "export" / "__init__.py").write_text("raise SystemExit('not this one')")
    running = Demo(environment, tmp_path)
    yield running
    if running.process.poll() is None:
        running.interrupt()


def test_the_demo_answers_a_picture_and_ctrl_c_leaves_nothing(demo: Demo, tmp_path: Path) -> None:
    demo.wait_until_ready()
    with urllib.request.urlopen(demo.url, timeout=10) as page:
        loaded = re.sub(rb"static/[0-9a-f]{16}/", b"static/", page.read())
        assert loaded == (ROOT / "static" / "index.html").read_bytes()
    outcome = infer(demo.url)
    assert outcome["type"] == "result"
    assert outcome["boxes"]
    assert (tmp_path / "data" / "framewire" / "digits" / "1" / "saved_model.pb").exists()
    servers = demo.started()
    assert len(servers) == 2

    assert demo.interrupt() == 0

    assert not [pid for pid in servers if Path(f"/proc/{pid}").exists()]
    assert "Traceback" not in demo.output


def infer(url: str) -> dict[str, object]:
    """The gateway's answer to a picture with digits in it."""
    picture = io.BytesIO()
    scenes.render(3, (640, 480)).picture.save(picture, "JPEG", quality=85)
    request = urllib.request.Request(f"{url}v1/infer?min_score=0.5", picture.getvalue())
    with urllib.request.urlopen(request, timeout=10) as answer:
        outcome: dict[str, object] = json.loads(answer.read())
    return outcome


def test_every_file_of_the_page_is_installed(environment: Path) -> None:
    [packages] = environment.glob("lib/python*/site-packages")
    assert contents(packages / "server" / "static") == contents(ROOT / "static")
    assert (packages / "loadtest" / "cameras" / "page.css").exists()
    assert (packages / "export" / "verification" / "recorded" / "page.css").exists()
    assert (packages / "framewire" / "reports" / "page.css").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(environment: Path, package: str) -> None:
    [packages] = environment.glob("lib/python*/site-packages")
    assert (packages / package / "py.typed").exists()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, by its path there."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
