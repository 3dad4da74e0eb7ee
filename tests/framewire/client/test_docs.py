"""The examples of docs/client-python.md run as printed."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import framewire.client
from demomodel import scenes
from loadtest.stack import Stack

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "client-python.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^## ([^\n]+)\n\n```python\n(.*?)```", PAGE, re.M | re.S))
PRINTED = {
    "One picture": r"(\d 0\.\d\d Box\(x0=.*\)\n){4}",
    "A folder": r"a\.jpg \d+\nb\.jpg not a picture in JPEG, PNG or WebP \(bad_picture\)\n",
    "A camera, a video, RTSP": r"(\[('[156]', ){3}'[156]'\] \d+ ms\n)+",
    "Objects that keep their ids": r"\[(\(None, '\d'\)(, )?){4}\]\n(\[.*\]\n)+",
    "Two models": r"(\d (\['\d'.*\]|\[\]|expired)\n){3}",
    "asyncio": r"4 4\n",
    "Your own loop": r"(Result\n|Dropped\n){4}Result\n",
}


class Webcam:
    """A source like a webcam, which machines that run tests lack: one scene, three times."""

    live = True

    def __init__(self, picture: Image.Image) -> None:
        self._picture = picture

    def __iter__(self) -> Iterator[Image.Image]:
        for _ in range(3):
            yield self._picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the examples run: a picture, and a folder with a broken one."""
    path = tmp_path_factory.mktemp("examples")
    scenes.render(2, (640, 480)).picture.save(path / "picture.jpg")
    (path / "pictures").mkdir()
    shutil.copy(path / "picture.jpg", path / "pictures" / "a.jpg")
    (path / "pictures" / "b.jpg").write_text("not a picture")
    return path


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs(
    name: str, patient_stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = Image.open(folder / "picture.jpg")
    monkeypatch.setattr(framewire.client, "camera", lambda: Webcam(picture))
    monkeypatch.chdir(folder)
    source = EXAMPLES[name].replace("127.0.0.1:8888", f"127.0.0.1:{patient_stack.port}")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, name, "exec"), {"__name__": "example"})
    assert re.fullmatch(PRINTED[name], printed.getvalue()), printed.getvalue()


def test_every_example_is_short_and_known() -> None:
    assert EXAMPLES.keys() == PRINTED.keys()
    assert PAGE.count("```python") == len(EXAMPLES)
    for name, source in EXAMPLES.items():
        lines = [line for line in source.splitlines() if line.strip()]
        assert len(lines) <= 10, name


def test_every_name_and_option_is_on_the_page() -> None:
    written = set(re.findall(r"\w+", PAGE))
    types = {
        "ClientError",
        "Limits",
        "Model",
        "Outcome",
        "Picture",
        "Statistics",
        "Timing",
        "Video",
    }
    assert set(framewire.client.__all__) - types <= written
    tree = ast.parse((ROOT / "framewire/client/base.py").read_text(encoding="utf-8"))
    [made] = [node for node in ast.walk(tree) if getattr(node, "name", "") == "__init__"]
    assert isinstance(made, ast.FunctionDef)
    assert {argument.arg for argument in made.args.kwonlyargs} <= written


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
