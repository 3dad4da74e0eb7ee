"""Changed files are reloaded once they are stable."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from server.access.filewatcher import FileWatcher, stamp
from server.settings import WrongSetting


class Reader:
    """Counts reloads, and fails on request."""

    def __init__(self, *paths: Path) -> None:
        self.count = 0
        self.refuses: Exception | None = None
        names = [str(path) for path in paths]
        self.watch = FileWatcher(names, self.read, stamp(names))

    def read(self) -> None:
        self.count += 1
        if self.refuses:
            raise self.refuses

    def looks(self, times: int = 2) -> int:
        """How often the files are read in so many looks."""
        before = self.count
        for _ in range(times):
            self.watch.poll()
        return self.count - before


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "chain.pem", tmp_path / "key.pem"]
    for path in found:
        path.write_text("one")
    return found


def test_a_change_is_loaded_once(paths: list[Path]) -> None:
    reader = Reader(*paths)
    assert reader.looks() == 0
    paths[0].write_text("two!")
    assert reader.looks() == 1
    assert reader.looks() == 0


def test_a_reload_waits_for_both_files(paths: list[Path]) -> None:
    reader = Reader(*paths)
    paths[0].write_text("two!")
    assert reader.looks(1) == 0
    paths[1].write_text("two!")
    assert reader.looks(1) == 0
    assert reader.looks(1) == 1


def test_a_replaced_file_and_a_changed_link(paths: list[Path]) -> None:
    link = paths[0].with_name("live.pem")
    link.symlink_to(paths[0])
    reader = Reader(link)
    other = paths[0].with_name("next.pem")
    other.write_text("one")
    stamp = paths[0].stat()
    os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    link.unlink()
    assert reader.looks(1) == 0
    link.symlink_to(other)
    assert reader.looks() == 1


def test_an_invalid_file_is_logged_once(
    paths: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader(*paths)
    reader.refuses = WrongSetting("tls_key: it is broken")
    paths[1].write_text("broken")
    assert reader.looks(5) == 1
    [line] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert line.getMessage() == ("tls_key: it is broken; keeping the previous content")
    reader.refuses = None
    paths[1].write_text("mended!")
    assert reader.looks() == 1


def test_reloading_on_request(paths: list[Path]) -> None:
    reader = Reader(*paths)
    reader.watch.reload()
    assert reader.count == 1
    assert reader.looks() == 0


def test_an_unexpected_error_does_not_stop_the_watcher(
    paths: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    reader = Reader(*paths)
    reader.refuses = MemoryError("s3cret")
    paths[0].write_text("surprise")
    assert reader.looks() == 1
    assert "MemoryError; keeping the previous content" in caplog.text
    assert "s3cret" not in caplog.text
    reader.refuses = None
    paths[0].write_text("mended!!!")
    assert reader.looks() == 1


def test_what_changed_after_the_first_load_is_loaded(paths: list[Path]) -> None:
    before = stamp([str(paths[0])])
    paths[0].write_text("two!")  # while the gateway starts
    loads: list[str] = []
    watcher = FileWatcher([str(paths[0])], lambda: loads.append(paths[0].read_text()), before)
    for _ in range(3):
        watcher.poll()
    assert loads == ["two!"]


def test_a_file_that_becomes_readable_is_loaded(paths: list[Path]) -> None:
    reader = Reader(paths[0])
    paths[0].chmod(0o600)
    assert reader.looks() == 1


def test_what_was_never_loaded_is_not_kept(
    paths: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    def read() -> None:
        if paths[0].read_text() != "good":
            raise WrongSetting("model_config: it is broken")

    watcher = FileWatcher([str(paths[0])], read, None)
    watcher.reload()
    assert caplog.messages == ["model_config: it is broken; continuing without it"]
    paths[0].write_text("good")
    watcher.reload()
    paths[0].write_text("bad")
    watcher.reload()
    assert caplog.messages[1:] == ["model_config: it is broken; keeping the previous content"]


def test_a_pipe_is_not_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Such as ``<(command)`` of a shell; nobody may ever write to it again."""
    pipe = tmp_path / "keys"
    os.mkfifo(pipe)
    reader = Reader(pipe)
    assert reader.looks() == 0
    reader.watch.reload()
    assert reader.count == 0
    assert caplog.messages == [f"{pipe}: a pipe cannot be read again; keeping the previous content"]
    pipe.unlink()
    pipe.write_text("a file")
    assert reader.looks() == 1
