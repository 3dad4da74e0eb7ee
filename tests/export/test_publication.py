"""Publish to a local directory: atomically or not at all."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from export.errors import PublishError
from export.publishing.local import next_version, staged, versions


def publish(target: Path, version: int | None = None) -> Path:
    with staged(target, version) as (staging, place):
        (staging / "saved_model.pb").write_text("model")
        assert not place.exists()
    return place


def visible(target: Path) -> list[str]:
    """Return what is in the directory, except for the lock."""
    return sorted(p.name for p in target.iterdir() if p.name != ".lock")


def test_versions_count_up(tmp_path: Path) -> None:
    target = tmp_path / "models" / "digits"
    assert [publish(target).name for _ in range(3)] == ["1", "2", "3"]
    assert (target / "2" / "saved_model.pb").read_text() == "model"
    assert publish(target, 40).name == "40"
    assert next_version(target) == 41
    assert visible(target) == ["1", "2", "3", "40"]


def test_a_version_is_complete_when_it_appears(tmp_path: Path) -> None:
    with staged(tmp_path) as (staging, place):
        assert staging.parent == place.parent
        assert not staging.name.isdecimal()
        assert versions(tmp_path) == []
        made = staging.stat().st_ino
        (staging / "variables").mkdir()
        (staging / "variables" / "data").write_bytes(b"x")
    assert (place / "variables" / "data").read_bytes() == b"x"
    assert place.stat().st_ino == made  # renamed, for a copy would appear file by file


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail_half_way() -> None:
        with staged(tmp_path) as (staging, _):
            (staging / "half").write_text("made")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert visible(tmp_path) == []


KILLED = """
import os, pathlib, signal
from export.publishing.local import staged
with staged(pathlib.Path({target!r})) as (staging, place):
    (staging / "half").write_text("made")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_leftovers_of_a_killed_run_are_removed_by_the_next(tmp_path: Path) -> None:
    code = KILLED.format(target=str(tmp_path))
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    assert len(visible(tmp_path)) == 1
    assert versions(tmp_path) == []
    assert publish(tmp_path).name == "1"
    assert visible(tmp_path) == ["1"]


def test_a_version_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    with pytest.raises(PublishError, match=r"version 7 exists in .*never overwritten"):
        publish(tmp_path, 7)
    (tmp_path / "00000008").mkdir()
    with pytest.raises(PublishError, match="version 8 exists"):
        publish(tmp_path, 8)


def test_only_numbers_are_versions(tmp_path: Path) -> None:
    for name in ("1", "00000012", "v3", "-4", "5.0", ".staging-6", "²", str(2**63)):
        (tmp_path / name).mkdir()
    (tmp_path / "99").write_text("a file")
    assert versions(tmp_path) == [1, 12]
    assert versions(tmp_path / "nowhere") == []


@pytest.mark.parametrize("version", [-1, 2**63])
def test_a_number_out_of_range_is_rejected(tmp_path: Path, version: int) -> None:
    with pytest.raises(PublishError, match="the version must be between 0 and"):
        publish(tmp_path, version)


def test_an_unwritable_target_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PublishError, match=r"cannot write .*file.*: (Not a directory|File exists)"):
        publish(tmp_path / "file" / "digits")


def test_an_unwritable_target_is_known_before_the_model_is_loaded() -> None:
    code = """
import os, pathlib, sys
from export.errors import PublishError
from export.publishing.local import check_writable
target = pathlib.Path(sys.argv[1], "models", "digits")
if os.geteuid() == 0:
    os.setuid(65534)  # what forbids writing does not hold for the superuser
try:
    check_writable(target)
except PublishError as error:
    print(error)
"""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o555 if os.geteuid() else 0o755)
        command = [sys.executable, "-c", code, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"cannot write {folder}/models/digits: Permission denied\n", done.stderr


def test_two_publishers_take_turns(tmp_path: Path) -> None:
    """The second waits for the first, then takes the next number."""
    code = (
        "import pathlib\nfrom export.publishing.local import staged\n"
        f"with staged(pathlib.Path({str(tmp_path)!r})) as (_, place): print(place.name)"
    )
    with staged(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=0.5)
    assert other.communicate(timeout=60)[0].strip() == "2"


@pytest.mark.parametrize("version", [None, 3])
def test_other_levels_than_that_of_a_model_are_named(tmp_path: Path, version: int | None) -> None:
    models = tmp_path / "models"
    publish(models / "digits")
    for target, words in (
        (models, f"is a directory of models: digits; .* such as {models}/digits"),
        (models / "digits" / "1", "is itself a SavedModel"),
        (models / "digits" / "1" / "m", "is within the SavedModel .*/digits/1; name another"),
        (
            models / "digits" / "2",
            f"a version of a model; name the .* {models}/digits, and add --version 2",
        ),
    ):
        with pytest.raises(PublishError, match=words):
            publish(target, version)
    assert visible(models) == ["digits"]
    assert visible(models / "digits") == ["1"]


def test_a_model_may_contain_other_directories(tmp_path: Path) -> None:
    publish(tmp_path / "m")
    (tmp_path / "m" / "old").mkdir()
    publish(tmp_path / "m" / "old")
    assert publish(tmp_path / "m").name == "2"


@pytest.mark.parametrize(("number", "works"), [(errno.EINVAL, True), (errno.EIO, False)])
def test_file_systems_that_flush_no_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, works: bool
) -> None:
    def flush(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", flush)
    if works:
        assert publish(tmp_path).name == "1"
        return
    with pytest.raises(PublishError, match="cannot write"):
        publish(tmp_path)


def test_a_line_end_of_windows_in_a_name(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="has a control character in its name"):
        publish(tmp_path / "digits\r")
