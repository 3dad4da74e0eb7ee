"""The Containerfile: what it installs is what setup.cfg lists, and its steps can be tried here."""

from __future__ import annotations

import configparser
import itertools
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from server.settings import Settings, load
from tests.deploy.containerfile import CONTAINERFILE, Copy, Stage, parse
from tests.deploy.manifests import ROOT

TEXT = CONTAINERFILE.read_text(encoding="utf-8")
BUILD, IMAGE = parse(TEXT)
# Of TensorFlow, the image gets these files only.
PATTERN = "tensorflow/*_pb2.py"
WITH_VALUE = {"--target", "--dest", "-c", "--only-binary"}


def requirements(*extras: str) -> set[str]:
    """The distributions that setup.cfg lists, with their own extras."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lists = [config["options"]["install_requires"]]
    lists += [config["options.extras_require"][extra] for extra in extras]
    lines = [line for text in lists for line in text.splitlines() if line]
    return {line.split()[0] for line in lines if "python_version <" not in line}


def installed(stage: Stage) -> set[str]:
    """The distributions that its steps install or download by name."""
    commands = [part for run in stage.values("RUN") for part in run.split("&&")]
    found: set[str] = set()
    for words in map(shlex.split, commands):
        if words[:3] == ["python3", "-m", "pip"] and words[3] in ("install", "download"):
            follows = itertools.pairwise(words[3:])
            found |= {w for before, w in follows if not {w[0], before} & {"-", *WITH_VALUE}}
    return found


def test_it_installs_what_the_gateway_needs() -> None:
    assert installed(BUILD) == requirements("serve", "auth") | {"tensorflow"}


def test_every_step_can_be_carried_out_without_an_engine() -> None:
    """``parse`` knows each instruction of the file; ``make container`` carries them out."""
    assert (BUILD.base, BUILD.name) == ("debian:bookworm-slim", "build")
    assert (IMAGE.base, IMAGE.values("COPY")) == ("scratch", ["--from=build /image /"])
    with pytest.raises(ValueError, match="unknown instruction"):
        parse("FROM scratch\nADD x y")


def test_the_build_sees_only_what_it_copies() -> None:
    copied = {source for value in BUILD.values("COPY") for source in Copy.of(value).sources}
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert "*" in lines
    for name in copied:
        assert (ROOT / name).exists()


def test_the_image_starts_the_gateway_as_an_ordinary_user() -> None:
    settings = load([], {k: v for k, v in IMAGE.environment.items() if "FRAMEWIRE" in k})
    assert settings.host == "0.0.0.0"
    assert IMAGE.values("EXPOSE") == [str(Settings().port)]
    assert IMAGE.user == "65532:65532"
    assert IMAGE.command == ["/usr/bin/python3.11", "-m", "framewire", "serve"]


def test_the_protocol_files_are_enough_of_tensorflow(tmp_path: Path) -> None:
    """The stubs load where nothing else of TensorFlow is installed."""
    assert f"'{PATTERN}'" in TEXT
    packages = Path(sysconfig.get_path("purelib"))
    for name in ("google", "grpc", "numpy", "numpy.libs", "tensorflow_serving"):
        if (packages / name).exists():
            (tmp_path / name).symlink_to(packages / name)
    for name in packages.glob("typing_extensions.py"):
        (tmp_path / name.name).symlink_to(name)
    for path in (packages / "tensorflow").rglob("*_pb2.py"):
        copy = tmp_path / path.relative_to(packages)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(path)
    program = f"import sys; sys.path += {[str(ROOT), str(tmp_path)]}; import server.backend.stubs"
    command = [sys.executable, "-I", "-S", "-B", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
