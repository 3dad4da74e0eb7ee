"""The command line, as users and the Makefile call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from demomodel import CHECKPOINT, fonts
from export.__main__ import main
from export.sources import checkpoints
from tests.conftest import ROOT

NO_TENSORFLOW = """
import sys
from export.__main__ import main
try:
    status = main({arguments!r})
except SystemExit as end:
    status = end.code
assert "tensorflow" not in sys.modules, "TensorFlow was imported"
sys.exit(status)
"""


def cheap(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that must not import TensorFlow."""
    command = [sys.executable, "-c", NO_TENSORFLOW.format(arguments=list(arguments))]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=cwd)


@pytest.mark.parametrize("command", ["", "savedmodel", "verify", "evaluate", "train", "fonts"])
def test_help_does_not_wait_for_tensorflow(command: str) -> None:
    done = cheap(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: python -m export")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["publsh"], "unknown command 'publsh'; did you mean publish?"),
        (["roll-back"], "unknown command 'roll-back'; did you mean rollback?"),
        (["frobnicate"], "unknown command 'frobnicate'; commands: savedmodel, verify, publish"),
        (["savedmodel", "--form=x"], "unrecognized argument: --form=x; did you mean --from?"),
        (
            ["savedmodel", "--outptu", "x"],
            "unrecognized argument: --outptu; did you mean --output?",
        ),
        (["prune", "--kep", "5"], "unrecognized argument: --kep; did you mean --keep?"),
        (["list", "--nothing-like-it"], "unrecognized argument: --nothing-like-it\n"),
        (["fonts", "extra"], "unrecognized argument: extra\n"),
        (["savedmodel", "--scale", "2"], "invalid choice: '2' (choose from 0..1, -1..1, imagenet"),
    ],
)
def test_misspelt_words_get_a_suggestion(arguments: list[str], message: str) -> None:
    done = cheap(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_missing_source_is_reported_before_a_missing_output(tmp_path: Path) -> None:
    done = cheap("savedmodel", "--from", str(tmp_path / "nothere"))
    message = (
        f"python -m export: {tmp_path / 'nothere'} does not exist: there is no model to export\n"
    )
    assert (done.returncode, done.stderr) == (1, message)
    done = cheap("savedmodel", "--from", str(tmp_path))
    assert done.stderr.startswith("python -m export: --output is required: ")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("", "--output must not be empty; name the model's directory"),
        ("s3://bucket/m", "not a directory of this machine; name one, and publish the version"),
        ("/", "--output / has no name, which would be the model's; name another"),
    ],
)
def test_an_output_that_cannot_be_meant(tmp_path: Path, output: str, message: str) -> None:
    done = cheap("savedmodel", "--from", str(tmp_path), "--output", output, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["--base-path", ""], ["--model", ""]], ids=["directory", "model"]
)
@pytest.mark.parametrize(
    "command", [["promote", "1"], ["rollback"], ["prune", "--keep=1"], ["list"]]
)
def test_what_a_script_left_empty_is_not_the_default(
    command: list[str], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *arguments]) == 1
    assert "must not be empty" in capsys.readouterr().err


def test_list_without_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", ""]) == 1
    assert "must not be empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--mean=0.5", "a value for 0..1; multiply it by 255: 127.5\n"),
        ("--std=0.2,0.4,0.6", "multiply it by 255: 51,102,153\n"),
        ("--std=0", "'0': pixels are divided by positive numbers\n"),
        (
            "--outputs=a=b:0 c",
            "unrecognized argument: c; --outputs takes one value, without spaces",
        ),
        ("run/model.ckpt", "unrecognized argument: run/model.ckpt; did you mean --from run/model"),
        ("--optimize x", "unrecognized argument: x; did you mean --from x?"),
        ("--mean=nan", "'nan' is not one number, or three with commas between them\n"),
    ],
)
def test_values_that_cannot_be_meant(
    flag: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["savedmodel", *flag.split()])
    assert message in capsys.readouterr().err


def test_no_wait_is_endless(capsys: pytest.CaptureFixture[str]) -> None:
    for wait in ("nan", "-5"):
        with pytest.raises(SystemExit):
            main(["verify", "m/1", f"--wait={wait}"])
        assert f"'{wait}' is not a number of at least 0" in capsys.readouterr().err


def test_what_shells_leave_in_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["savedmodel", "--from=~/no\r"]) == 1
    message = f"python -m export: {tmp_path}/no\\r does not exist"
    assert capsys.readouterr().err.startswith(message)


def test_help_groups_options_and_has_examples() -> None:
    shown = cheap("savedmodel", "--help").stdout
    for heading in (
        "trained model:",
        "preprocessing in the graph:",
        "boxes and keypoints:",
        "examples:",
    ):
        assert f"\n{heading}" in shown
    assert " \\\n      --scale 0..1" in shown  # behind the command that it belongs to


def test_help_names_a_page_that_has_the_command() -> None:
    for command, page in (("savedmodel", "export.md"), ("train", "model-contract.md")):
        assert f"\ndocs/{page} has more." in cheap(command, "--help").stdout
        assert f"framewire export {command}" in (ROOT / "docs" / page).read_text("utf-8")


def test_a_command_is_required() -> None:
    done = cheap()
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


def test_if_missing_does_nothing_if_there_is_a_version(tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    done = cheap("savedmodel", "--if-missing", "--output", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"present     {tmp_path / '3'}\n")


def test_a_version_of_another_checkpoint_is_named(tmp_path: Path) -> None:
    version = tmp_path / "3"
    version.mkdir()
    for digest, says in ((checkpoints.find(CHECKPOINT).digest(), False), ("0" * 64, True)):
        described = json.dumps({"schema": 1, "made_from": f"digits sha256:{digest}"})
        (version / "saved_model.pb").write_bytes(b"\x08\x01" + described.encode() + b"\x1a")
        done = cheap("savedmodel", "--if-missing", "--output", str(tmp_path))
        first, *notes = done.stdout.splitlines()
        assert (done.returncode, first) == (0, f"present     {version}")
        assert len(notes) == says
    assert "made from digits sha256:000000000000; without --if-missing" in notes[0]


def test_errors_are_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "file").touch()
    for arguments, message in (
        (["--output", str(tmp_path), "--version", "1"], "version 1 exists in"),
        (
            ["--output", str(tmp_path), "--checkpoint", "nowhere"],
            "there is no checkpoint at nowhere",
        ),
        (["--output", str(tmp_path / "file" / "x")], "cannot read"),
    ):
        done = cheap("savedmodel", *arguments)
        assert done.returncode == 1
        assert done.stderr.startswith(f"python -m export: {message}")
        assert done.stderr.count("\n") == 1


def test_training_without_fonts_names_the_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", ())
    assert main(["train"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("python -m export: fonts are missing: apt-get install fonts-")
    assert error.count("\n") == 1


@pytest.mark.parametrize("steps", ["0", "-5", "many"])
def test_an_invalid_number_is_rejected(steps: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--steps", steps])
    assert caught.value.code == 2
    assert "--steps" in capsys.readouterr().err


@pytest.mark.parametrize("rate", ["0", "-0.1", "1.5", "nan", "fast"])
def test_an_invalid_rate_is_rejected(rate: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--rate", rate])
    assert caught.value.code == 2
    assert "is not a number above 0 and at most 1" in capsys.readouterr().err


def test_fonts_prints_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fonts"]) == 0
    assert capsys.readouterr().out.split() == list(fonts.packages())


@pytest.mark.parametrize("command", ["fonts", "list --offline", "list --offline --json", "--help"])
def test_a_closed_pipe_is_not_an_error(command: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        done = run(command, tmp_path, output)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", ["fonts", "list --offline"])
def test_unwritable_output_is_a_one_line_error(command: str, tmp_path: Path) -> None:
    with open("/dev/full", "wb") as output:
        done = run(command, tmp_path, output)
    message = "python -m export: cannot write the output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, message)


def run(command: str, folder: Path, output: BinaryIO) -> subprocess.CompletedProcess[str]:
    """Run a command in a directory without models."""
    return subprocess.run(
        [sys.executable, "-m", "export", *command.split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
