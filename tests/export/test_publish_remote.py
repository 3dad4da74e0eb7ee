"""Publish where there is no lock and no rename of directories."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from export.errors import PublishError
from export.publishing import manifest, remote, reservation
from export.publishing.location import Location, locate
from export.publishing.publish import publish
from export.publishing.repository import Repository
from tests.export.versions import FILES, ROOT, make


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make(tmp_path / "build")


@pytest.fixture
def target() -> Iterator[Location]:
    """Yield an empty directory in memory, like an object store's."""
    found = locate(f"memory://{uuid.uuid4().hex}/digits")
    yield found
    found.remove()


class Spied(LocalFileSystem):
    """The local filesystem as if it were remote; ``moved`` lists what was moved into place."""

    protocol = ("spied",)
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.moved: list[str] = []

    def mv(self, path1: str, path2: str, **kwargs: Any) -> None:
        super().mv(path1, path2, **kwargs)
        self.moved.append(path2)


def test_versions_count_up_and_nothing_is_left(source: Path, target: Location) -> None:
    assert [publish(str(source), target.text).number for _ in range(3)] == [1, 2, 3]
    assert target.names() == ["1", "2", "3"]
    found = manifest.check(target / "2")
    assert found is not None
    assert set(found.files) == set(FILES)
    with pytest.raises(PublishError, match="version 2 exists"):
        publish(str(source), target.text, 2)
    assert publish(str(source), target.text, 9).number == 9


def test_publishing_from_remote_to_local(source: Path, target: Location, tmp_path: Path) -> None:
    publish(str(source), target.text)
    done = publish(f"{target.text}/1", str(tmp_path / "digits"))
    assert manifest.check(locate(done.location)) == done.manifest


def test_the_graph_file_comes_last(tmp_path: Path) -> None:
    far = Location(Spied(), str(tmp_path / "far"), "far")
    with remote.staged(far) as (staging, place):
        make(Path(staging.path))
        assert not staging.path.rpartition("/")[2].isdecimal()
        assert not Path(place.path).exists()
    assert far.fs.moved[-1] == f"{place.path}/saved_model.pb"
    assert len(far.fs.moved) == len(FILES)
    assert list(Repository(far).versions()) == [1]


def test_a_single_rename_where_the_filesystem_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_RENAMING", {"spied"})
    far = Location(Spied(), str(tmp_path / "far"), "far")
    with remote.staged(far) as (staging, place):
        make(Path(staging.path))
    assert far.fs.moved == [place.path]
    assert far.names() == ["1"]


def test_a_failure_leaves_nothing(source: Path, target: Location) -> None:
    class Full(Exception):
        """An error of a driver's own kind."""

    def fail() -> None:
        with remote.staged(target) as (staging, _):
            staging.fs.pipe_file(f"{staging.path}/half", b"made")
            raise Full("quota\nexceeded")

    with pytest.raises(PublishError, match=r"cannot write memory://.*: quota exceeded"):
        fail()
    assert target.names() == []


def test_a_failure_while_files_are_moved_leaves_nothing(tmp_path: Path) -> None:
    class Failing(Spied):
        def mv(self, path1: str, path2: str, **kwargs: Any) -> None:
            if len(self.moved) == 2:
                raise OSError("the connection was lost")
            super().mv(path1, path2, **kwargs)

    far = Location(Failing(), str(tmp_path / "far"), "far")

    def fail() -> None:
        with remote.staged(far) as (staging, _):
            make(Path(staging.path))

    with pytest.raises(PublishError, match="the connection was lost"):
        fail()
    assert far.names() == []


def test_concurrent_publishers_get_different_numbers(source: Path, target: Location) -> None:
    with remote.staged(target) as (_, first), remote.staged(target) as (_, second):
        assert (first.path[-2:], second.path[-2:]) == ("/1", "/2")
        with pytest.raises(PublishError, match=r"version 1 exists .* or is being published"):
            publish(str(source), target.text, 1)
        assert publish(str(source), target.text).number == 3
        # The others' half-made folders are still there: they live.
        assert len([name for name in target.names() if name.startswith(".reserved")]) == 2


def test_only_leftovers_of_dead_publishers_are_removed(source: Path, target: Location) -> None:
    for number, age_s in ((1, 2 * reservation.STALE_S), (2, 1.0)):
        said = {"token": "x", "alive_at": time.time() - age_s}
        target.fs.pipe_file(f"{target.path}/.reserved-{number}", json.dumps(said).encode())
        target.fs.pipe_file(f"{target.path}/.staging-{number}-x/assets/a", b"half")
        target.fs.pipe_file(f"{target.path}/{number}/assets/a", b"half")
    target.fs.pipe_file(f"{target.path}/.staging-5-y/assets/a", b"nobody's")
    assert publish(str(source), target.text).number == 3
    assert target.names() == [".reserved-2", ".staging-2-x", "2", "3"]
    assert list(Repository(target).versions()) == [3]


def test_a_publisher_that_stalled_gives_up(source: Path, target: Location) -> None:
    def outlived() -> None:
        with remote.staged(target) as (staging, _):
            make_remote(staging)
            said = {"token": "another", "alive_at": time.time()}
            target.fs.pipe_file(f"{target.path}/.reserved-1", json.dumps(said).encode())
            target.fs.pipe_file(f"{target.path}/1/assets/a", b"the other's, half made")

    with pytest.raises(PublishError, match="another publisher took over version 1"):
        outlived()
    assert target.names() == [".reserved-1", "1"]


def make_remote(folder: Location) -> None:
    for name, contents in FILES.items():
        folder.fs.pipe_file(f"{folder.path}/{name}", contents)


def test_a_reservation_is_renewed(target: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservation, "RENEW_S", 0.01)
    taken = reservation.Reservation(target, 4)
    assert taken.acquire()
    path = f"{target.path}/.reserved-4"
    before = reservation.read_holder(target.fs, path)
    assert before is not None
    with taken:
        deadline = time.monotonic() + 60
        while reservation.read_holder(target.fs, path) == before:
            assert time.monotonic() < deadline
    assert target.names() == []


KILLED = """
import os, signal, sys
from fsspec.implementations.local import LocalFileSystem
from export.publishing import publish as publisher
from export.publishing import remote
moves = int(sys.argv[3])
class Dying(LocalFileSystem):
    protocol = ("dying",)
    def mv(self, path1, path2, **kwargs):
        global moves
        if not moves:
            os.kill(os.getpid(), signal.SIGKILL)
        moves -= 1
        super().mv(path1, path2, **kwargs)
fs = Dying()
known, far = publisher.locate, publisher.Location(fs, sys.argv[2], "far")
publisher.locate = lambda text: far if text == "far" else known(text)
publisher.publish(sys.argv[1], "far")
"""


@pytest.mark.parametrize("moves", range(len(FILES) + 1))
def test_a_publisher_killed_between_any_two_files_leaves_no_version(
    source: Path, tmp_path: Path, moves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = Location(Spied(), str(tmp_path / "far"), "far")
    arguments = [str(source), far.path, str(moves)]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=ROOT, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert Repository(far).versions() == {}
    assert not (tmp_path / "far" / "1" / "saved_model.pb").exists()
    # While it may still live, the number is its own; then all is cleared away.
    with remote.staged(far) as (staging, place):
        make(Path(staging.path))
        assert place.path.endswith("/2")
    monkeypatch.setattr(reservation, "STALE_S", 0.0)
    assert remote.remove_leftovers(far) == [1]
    assert far.names() == ["2"]
