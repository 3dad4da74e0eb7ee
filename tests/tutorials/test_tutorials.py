"""Every command of a tutorial runs as printed, and prints what the page says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from demomodel import scenes
from export.__main__ import main as export
from loadtest.stack import Stack
from tests.conftest import ROOT
from tests.forked import ForkedStack

DOCS = ROOT / "docs"
# Shown to readers; `make run` and `make phone` are a Stack here, and need no activation.
NOT_RUN = ("source .venv/bin/activate", "make phone")
SLOW = "passed      served"
"""A line of ``--verify full``, which takes 15 s longer than the quick one of these tests."""


class Step(NamedTuple):
    """A command, and the lines that the page shows below it, ``…`` for what differs."""

    command: str
    shown: list[str]

    @property
    def fails(self) -> bool:
        """Whether the page shows an error."""
        return any(line.startswith("framewire export: ") for line in self.shown)


class Reader(NamedTuple):
    """Someone who follows the pages in ``folder``, where ``make run`` runs in another terminal."""

    folder: Path
    stack: Stack


def steps(page: str) -> Iterator[Step]:
    """Yield the steps of a page in the order in which a reader without a model takes them."""
    text = (DOCS / page).read_text("utf-8").replace("\\\n", "")
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = step.splitlines()
            found.append(Step(command, shown))
    listing, make, *others = [step for step in found if not step.command.endswith(NOT_RUN)]
    yield from (make, listing, *others)


@pytest.fixture(scope="module")
def reader(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("tutorials")
    shutil.copytree(demo_models / "digits", folder / "models" / "digits")
    scenes.render(3).picture.save(folder / "picture.jpg")
    with ForkedStack(folder / "models", gateway_flags=("--max-staleness-ms=20000",)) as stack:
        yield Reader(folder, stack)


def in_shell(command: str, reader: Reader) -> str:
    """Run a command of the system, and return what it prints."""
    done = subprocess.run(
        command.replace("http://127.0.0.1:8888/", reader.stack.url),
        shell=True,
        cwd=reader.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def run(step: Step, reader: Reader, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Run a step, and return what it prints. TensorFlow is imported once for all of them."""
    words = shlex.split(step.command)
    if words[0] in ("ls", "curl", "printf"):
        return in_shell(step.command, reader).splitlines()
    if words[:2] == ["python", "-m"]:
        module, target = words[2:]
        import_module(module).main(Path(target))
        return capsys.readouterr().out.splitlines()
    assert words[:2] == ["framewire", "export"]
    quick = ["--verify=quick"] if "savedmodel" in words else []
    status = export([*words[2:], *quick], "framewire export")
    output, errors = capsys.readouterr()
    assert (status == 1) == step.fails, (step.command, output, errors)
    return (errors if step.fails else output).splitlines()


def matches(shown: str, printed: str) -> bool:
    """Return whether a line of the page is what a command printed."""
    return bool(re.fullmatch(".*".join(map(re.escape, shown.split("…"))), printed))


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ("tutorial-ssd.md", "boxes"),
        ("tutorial-yolo.md", "boxes"),
        ("tutorial-movenet.md", "keypoints"),
        ("tutorial-classifier.md", "scores"),
    ],
)
def test_a_model_goes_live(
    page: str,
    field: str,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(reader.folder)
    monkeypatch.setenv("GRPC_PORT", str(reader.stack.grpc_port))
    for step in steps(page):
        printed = run(step, reader, capsys)
        for line in step.shown:
            expected = line.startswith(SLOW) or any(matches(line, one) for one in printed)
            assert expected, (step.command, line, printed)
    [query] = set(re.findall(r"8888/(\?model=\w+)>", (DOCS / page).read_text("utf-8")))
    answer = in_shell(
        f'curl -s --data-binary @picture.jpg "http://127.0.0.1:8888/v1/infer{query}"', reader
    )
    assert field in json.loads(answer)
