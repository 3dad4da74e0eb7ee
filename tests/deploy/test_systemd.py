"""The systemd units: valid, confined, and in step with the settings."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelserver.options import command_line
from server import openfiles
from server.settings import Settings, load
from tests.deploy.manifests import DEPLOY

FOLDER = DEPLOY / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
PROGRAM = "/opt/framewire/bin/framewire"
CLOSING_S = 5
# On systemd's own scale from 0 to 10, where it calls everything below 5 "OK".
EXPOSURE = 2.0


class Section(dict[str, str]):
    """The last value of each option."""


def service(unit: Path) -> Section:
    """The options of a unit's section [Service]."""
    text = unit.read_text(encoding="utf-8").replace("\\\n", " ")
    reader = configparser.RawConfigParser(strict=False, delimiters=("=",))
    reader.optionxform = str  # type: ignore[assignment, method-assign]
    reader.read_string(text)
    return Section(reader["Service"])


def command(name: str) -> list[str]:
    """What a unit starts, without the program."""
    program, *arguments = shlex.split(service(FOLDER / f"framewire-{name}.service")["ExecStart"])
    assert program == PROGRAM
    return arguments


def settings() -> Settings:
    name, flag, config = command("gateway")
    assert (name, flag) == ("serve", "--config")
    assert config == "/etc/framewire/gateway.toml"
    return load([f"--config={FOLDER / 'gateway.toml'}"], {})


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    return found


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """The units as they would be where the program is installed as in this environment."""
    here = str(Path(sys.executable).parent / "framewire")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, here)
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    return [tmp_path / unit.name for unit in UNITS]


def test_systemd_accepts_the_units(analyze: str, installed: list[Path]) -> None:
    shown = subprocess.run(
        [analyze, "verify", "--man=no", *installed], capture_output=True, text=True, timeout=60
    )
    own = [line for line in shown.stderr.splitlines() if "framewire" in line]
    assert (shown.returncode, own) == (0, []), shown.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_calls_them_confined(analyze: str, unit: Path) -> None:
    shown = subprocess.run(
        [analyze, "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    [exposure] = re.findall(r"exposure level for \S+: ([\d.]+)", shown.stdout)
    assert float(exposure) <= EXPOSURE, shown.stdout


def test_the_gateway_has_time_to_drain() -> None:
    unit = service(FOLDER / "framewire-gateway.service")
    assert float(unit["TimeoutStopSec"]) >= settings().drain_s + CLOSING_S


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_what_another_start_would_not_mend_is_not_repeated(unit: Path, tmp_path: Path) -> None:
    _, *arguments = shlex.split(service(unit)["ExecStart"])
    wrong = [sys.executable, "-m", "framewire", arguments[0], "--no-such-flag"]
    ended = subprocess.run(wrong, cwd=tmp_path, capture_output=True, timeout=60)
    assert service(unit)["RestartPreventExitStatus"] == str(ended.returncode)


def test_the_gateway_may_open_enough_files() -> None:
    limit = int(service(FOLDER / "framewire-gateway.service")["LimitNOFILE"])
    assert not openfiles.shortage(limit, settings().max_sessions)


def test_the_gateway_finds_the_model_server() -> None:
    name, *flags = command("modelserver")
    assert name == "modelserver"
    options, _ = command_line.parse(flags)
    assert settings().backend == f"{options.host}:{options.port}"
    assert settings().model == options.model_name


def test_the_gateway_is_behind_nginx() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert f"server {settings().host}:{settings().port};" in nginx
    assert settings().trusted_proxies == settings().host
