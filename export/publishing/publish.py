"""Publishes a finished version: copies it, records its checksums, and puts it in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from export.errors import PublishError
from export.publishing import local as publication
from export.publishing import manifest, remote
from export.publishing.location import Location, locate, reaching
from export.publishing.manifest import Entry, Manifest
from export.publishing.provenance import origin
from export.publishing.repository import GRAPHS

_SHARD = re.compile(r"variables/variables\.data-\d{5}-of-(\d{5})")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Published:
    """A version in its place."""

    place: str
    number: int
    manifest: Manifest


def publish(
    source: str, target: str, version: int | None = None, progress: Progress | None = None
) -> Published:
    """Makes the SavedModel in `source` the next version (or `version`) of the model `target`.

    Both are paths or URLs. progress: called with what is done, files so far and files in all.
    Raises PublishError, and then nothing is published.
    """
    folder = locate(source)
    names = _check_source(folder)
    shown = progress or (lambda task, done, wanted: None)
    with _staged(locate(target), version) as (staging, place, text):
        files = _copy(folder, staging, names, shown)
        record = Manifest(files, origin(folder), manifest.now())
        path = f"{staging.path}/{manifest.FILE}"
        staging.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        staging.fs.pipe_file(path, record.encode())
        manifest.check(staging)
    return Published(text, place, record)


@contextmanager
def _staged(target: Location, version: int | None) -> Iterator[tuple[Location, int, str]]:
    """The folder to fill, the number it will have, and its place in the user's words."""
    local = target.local
    if local is None:
        with remote.staged(target, version) as (staging, place):
            yield staging, int(place.path.rpartition("/")[2]), str(place)
        return
    with publication.staged(local, version) as (folder, there):
        yield (
            Location(target.fs, str(folder), str(folder)),
            int(there.name),
            f"{target}/{there.name}",
        )


def _check_source(folder: Location) -> list[str]:
    """The names of the files to publish. Raises PublishError unless they are a whole SavedModel."""
    with reaching("read", folder):
        if not folder.fs.exists(folder.path):
            raise PublishError(f"there is no {folder}")
        names = [name for name in folder.files() if name != manifest.FILE]
        if not any(graph in names for graph in GRAPHS):
            raise PublishError(f"{folder} is no SavedModel: it has no saved_model.pb")
        missing = sorted(_variables(names) - set(names))
        if missing:
            raise PublishError(f"{folder} is not whole: {missing[0]} is missing")
        manifest.check(folder)
    return names


def _variables(names: list[str]) -> set[str]:
    """The files that belong together with those that are there."""
    if not any(name.startswith("variables/variables.") for name in names):
        return set()
    counts = [int(match[1]) for match in map(_SHARD.fullmatch, names) if match]
    count = max(counts, default=1)
    shards = {f"variables/variables.data-{n:05d}-of-{count:05d}" for n in range(count)}
    return {"variables/variables.index", *shards}


def _copy(
    source: Location, target: Location, names: list[str], progress: Progress
) -> dict[str, Entry]:
    copied = {}
    for done, name in enumerate(names):
        progress("publishing", done, len(names))
        path = f"{target.path}/{name}"
        target.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        with _reading(source, name) as taken, target.fs.open(path, "wb") as given:
            copied[name] = manifest.copy(taken, given)
    progress("publishing", len(names), len(names))
    return copied


@contextmanager
def _reading(source: Location, name: str) -> Iterator[Any]:
    try:
        file = source.fs.open(f"{source.path}/{name}", "rb")
    except OSError as error:
        raise PublishError(f"cannot read {source}/{name}: {error.strerror or error}") from None
    with file:
        yield file
