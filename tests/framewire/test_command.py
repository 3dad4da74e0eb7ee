"""The ``framewire`` command: its help, its subcommands, what it says about mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from framewire.programs import PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
SCREEN_LINES, SCREEN_COLUMNS = 24, 100


def framewire(
    *arguments: str, module: str = "framewire", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_fits_one_screen_and_lists_every_command() -> None:
    shown = framewire("--help")
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert len(lines) <= SCREEN_LINES
    assert max(map(len, lines)) <= SCREEN_COLUMNS
    for name in PROGRAMS:
        assert f"\n  {name} " in shown.stdout


def test_without_a_command_it_shows_its_help_as_an_error() -> None:
    shown = framewire()
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "usage: framewire COMMAND" in shown.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_command_calls_itself_by_its_name(name: str) -> None:
    shown = framewire("help", name)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"usage: framewire {name}")
    assert "python -m" not in shown.stdout


def test_a_command_of_a_command_too() -> None:
    shown = framewire("export", "savedmodel", "--help")
    assert shown.stdout.startswith("usage: framewire export savedmodel")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("exprot", "did you mean export?"),
        ("server", "did you mean serve?"),
        ("qqq", "choose from demo, serve,"),
    ],
)
def test_a_misspelt_command(word: str, hint: str) -> None:
    shown = framewire(word, "--port=1")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith(f"framewire: unknown command {word!r}; {hint}")
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize("flag", ["--port", "--verison", "-p"])
def test_a_flag_without_a_command(flag: str) -> None:
    shown = framewire(flag, "80")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == (f"framewire: {flag}: name a command first, such as framewire serve\n")


def test_a_misspelt_flag_of_the_gateway() -> None:
    shown = framewire("serve", "--prot", "9000")
    assert shown.returncode == 2
    assert shown.stderr == "framewire: unknown flag --prot; did you mean --port?\n"


def test_version() -> None:
    from importlib.metadata import version

    assert framewire("--version").stdout == f"framewire {version('framewire')}\n"


@pytest.mark.parametrize(
    ("command", "module"), [("modelserver", "grpc_health"), ("serve", "prometheus_client")]
)
def test_a_missing_extra_is_named(command: str, module: str, tmp_path: Path) -> None:
    path = without(module, tmp_path)
    shown = framewire(command, "--port=1", PYTHONPATH=path)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == (
        f"framewire {command}: {module} not installed; run: pip install 'framewire[{command}]'\n"
    )
    assert framewire(command, "--help", PYTHONPATH=path).returncode == 0


def test_the_gateways_module_names_its_extra_too(tmp_path: Path) -> None:
    shown = framewire("--port=1", module="server", PYTHONPATH=without("grpc", tmp_path))
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr == (
        "python -m server: grpc not installed; run: pip install 'framewire[serve]'\n"
    )


def without(module: str, folder: Path) -> str:
    """A ``PYTHONPATH`` for a process that takes ``module`` for not installed."""
    (folder / "sitecustomize.py").write_text(
        "import importlib.util as util\nfind = util.find_spec\n"
        f"util.find_spec = lambda name: None if name == '{module}' else find(name)\n"
    )
    return f"{folder}{os.pathsep}{ROOT}"


def test_help_never_loads_tensorflow() -> None:
    loaded = loaded_by(["--help"], *([name, "--help"] for name in PROGRAMS))
    assert {"framewire.programs", *(program.module for program in PROGRAMS.values())} <= loaded
    assert "tensorflow.python" not in loaded


def test_serve_never_loads_tensorflow() -> None:
    loaded = loaded_by(["serve", "--host=...", "--port=0"])
    assert "server.app" in loaded
    assert not loaded & {"tensorflow.python", "modelserver", "export"}


def loaded_by(*calls: list[str]) -> set[str]:
    """The modules in a fresh interpreter after calls of the command's ``main``."""
    code = (
        "import os, sys\nos._exit = sys.exit\nfrom framewire.__main__ import main\n"
        f"for arguments in {calls}:\n    try:\n        main(arguments)\n"
        "    except SystemExit:\n        pass\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    return set(done.stdout.split())
