"""A file that several programs replace: what stays as it was, and what is said."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from framewire import sharedfile


def test_of_a_link_the_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    link, file = tmp_path / "models.config", tmp_path / "real" / "models.config"
    file.parent.mkdir()
    file.write_text("before")
    file.chmod(0o660)
    link.symlink_to(file)
    sharedfile.replace(link, "after")
    assert link.is_symlink()
    assert file.read_text() == "after"
    assert stat.S_IMODE(file.stat().st_mode) == 0o660
    assert list(file.parent.iterdir()) == [file]


def test_a_link_and_its_file_have_one_lock(tmp_path: Path) -> None:
    link, file = tmp_path / "models.config", tmp_path / "real" / "models.config"
    file.parent.mkdir()
    link.symlink_to(file)
    with sharedfile.locked(link):
        with pytest.raises(BlockingIOError), sharedfile.locked(file):
            pass
        with sharedfile.locked(file, "digits"):
            pass


def test_a_file_that_is_mounted_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*paths: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    path = tmp_path / "models.config"
    path.write_text("before")
    monkeypatch.setattr("framewire.sharedfile.os.replace", busy)
    with pytest.raises(OSError, match="mount its folder instead"):
        sharedfile.replace(path, "after")
    assert [(one, one.read_text()) for one in tmp_path.iterdir()] == [(path, "before")]
