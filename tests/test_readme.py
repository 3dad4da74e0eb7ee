"""The README's commands run, and its client finds digits."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from demomodel import scenes
from loadtest.stack import Process, Stack, free_port

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.removeprefix("$ ")
    for language, block in BLOCKS
    if language == "console"
    for line in block.splitlines()
    if line.startswith("$ ")
]
# Run elsewhere: `make run` in e2e/test_run.py, `make test` is what runs this.
TARGETS = ["make run", "make test"]
HELP = [command for command in COMMANDS if command.endswith(" --help")]
EXPORT = [command for command in COMMANDS if re.match("python -m export [a-z]", command)]
CURL = [command for command in COMMANDS if command.startswith("curl ")]


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("readme") / "picture.jpg"
    scenes.render(3, (640, 480)).picture.save(path, quality=85)
    return path


def test_every_command_is_known_here() -> None:
    assert sorted(COMMANDS) == sorted(TARGETS + HELP + EXPORT + CURL)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in TARGETS:
        assert re.search(rf"^{target.split()[1]}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", HELP)
def test_help_says_how(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "python"
    shown = subprocess.run(
        [sys.executable, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert shown.returncode == 0, shown.stderr
    assert "usage:" in shown.stdout


def test_curl_is_answered(demo_stack: Stack, picture: Path) -> None:
    [command] = CURL
    words = [word.replace("picture.jpg", str(picture)) for word in shlex.split(command)]
    words = [word.replace("http://127.0.0.1:8888/", demo_stack.url) for word in words]
    answer = subprocess.run(
        [words[0], "-s", *words[1:]], capture_output=True, text=True, timeout=60, check=True
    )
    outcome = json.loads(answer.stdout)
    assert outcome["type"] == "result"
    assert len(outcome["boxes"]) == len(outcome["scores"]) == len(outcome["classes"]) > 0


def test_a_model_goes_from_its_source_to_live_traffic(demo_models: Path, tmp_path: Path) -> None:
    """While a model server runs that has version 1, as after `make run`."""
    shutil.copytree(demo_models / "digits", tmp_path / "models" / "digits")
    port = free_port()
    base_path = f"--model_base_path={tmp_path / 'models' / 'digits'}"
    server = Process("modelserver", f"--port={port}", "--model_name=digits", base_path)
    server.start()
    try:
        for command in EXPORT:
            source = str(demo_models / "digits" / "1")
            done = run_in(tmp_path, command.replace("SOURCE", source), port)
            assert done.returncode == 0, done.stderr
        listed = json.loads(run_in(tmp_path, "python -m export list --json", port).stdout)
    finally:
        server.terminate()
    newest = next(each for each in listed if each["version"] == 2)
    assert newest["labels"] == ["stable"]
    assert newest["state"] == "AVAILABLE"


def run_in(folder: Path, command: str, port: int) -> subprocess.CompletedProcess[str]:
    """Runs a command elsewhere than in the repository, with the model server at `port`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GRPC_PORT": str(port)}
    words = [sys.executable, *shlex.split(command)[1:]]
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_client_prints_digits_and_boxes(demo_stack: Stack, picture: Path) -> None:
    [client] = [block for language, block in BLOCKS if language == "python"]
    lines = [line for line in client.splitlines() if line.strip()]
    assert len(lines) <= 15
    url = demo_stack.url.replace("http", "ws") + "ws"
    printed = subprocess.run(
        [sys.executable, "-c", client, str(picture), url],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert printed.returncode == 0, printed.stderr
    shown = printed.stdout.splitlines()
    assert shown
    assert all(re.match(r"\d [01]\.\d\d \[", line) for line in shown)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
