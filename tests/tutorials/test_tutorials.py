"""Every command of a tutorial runs as printed, and prints what the page says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from demomodel import scenes
from loadtest.stack import Stack
from tests import forked
from tests.conftest import ROOT
from tests.forked import ForkedStack

DOCS = ROOT / "docs"
VOC = (
    "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike "
    "person pottedplant sheep sofa train tvmonitor"
)
# Shown to readers; `make run` is a Stack here, and needs no activation.
NOT_RUN = {"source .venv/bin/activate"}


class Step(NamedTuple):
    """A command, and the lines that the page shows below it, ``…`` for what differs."""

    command: str
    shown: list[str]


def steps(page: Path) -> Iterator[Step]:
    """Yield the steps of a page in order."""
    text = page.read_text("utf-8").replace("\\\n", "")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = step.splitlines()
            yield Step(command, shown)


@pytest.fixture
def stack(demo_models: Path, tmp_path: Path) -> Iterator[Stack]:
    """``make run`` in ``tmp_path``."""
    shutil.copytree(demo_models / "digits", tmp_path / "models" / "digits")
    with ForkedStack(tmp_path / "models") as running:
        yield running


def run(step: Step, folder: Path, stack: Stack) -> list[str]:
    """Run a step, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GRPC_PORT": str(stack.grpc_port)}
    words = shlex.split(step.command.removeprefix("python -m "))
    if "--decode" in words:
        words.append("--verify=quick")  # what the page shows of the rest takes 15 s longer
    if words[0] == "ls":
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    else:
        done = forked.run(*words, folder=folder, environment=environment)
    failure = any(line.startswith("export: error: ") for line in step.shown)
    assert bool(done.returncode) == failure, (step.command, done.stderr)
    return (done.stderr if failure else done.stdout).splitlines()


def test_an_ssd_of_tensorflow_1_goes_live(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "voc.txt").write_text(VOC.replace(" ", "\n"))
    listing, make, *others = [
        s for s in steps(DOCS / "tutorial-ssd.md") if s.command not in NOT_RUN
    ]
    for step in (make, listing, *others):
        printed = run(step, tmp_path, stack)
        for line in step.shown:
            if not line.startswith("passed      served"):
                pattern = ".*".join(map(re.escape, line.split("…")))
                assert any(re.fullmatch(pattern, one) for one in printed), (line, printed)
    picture = tmp_path / "picture.jpg"
    scenes.render(3).picture.save(picture)
    request = urllib.request.Request(f"{stack.url}v1/infer?model=ssd", picture.read_bytes())
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert b'"boxes"' in answer.read()
