"""Publish a finished version: copy it, record its checksums, and move it into place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from export.contract import GRAPH_FILES
from export.errors import PublishError
from export.publishing import local, manifest, remote
from export.publishing.location import Location, locate, reporting
from export.publishing.manifest import Entry, Manifest
from export.publishing.provenance import read_provenance
from export.publishing.repository import Repository
from export.wireformat import fields

_GRAPH = "saved_model.pb"
_LFS = b"version https://git-lfs"
_VARIABLES = (b"VarHandleOp", b"VariableV2")
"""The operations that hold variables."""
_BLOCK = 1 << 20
_SHARD = re.compile(r"variables/variables\.data-\d{5}-of-(\d{5})")

Progress = Callable[[str, int, int], None]
"""Called with a task, the files done, and the files in all."""


@dataclass(frozen=True)
class Published:
    """A published version: its location as the user would write it, its number and manifest."""

    location: str
    number: int
    manifest: Manifest


def publish(
    source: str, target: str, version: int | None = None, progress: Progress | None = None
) -> Published:
    """Publish the SavedModel in ``source`` as the next version (or ``version``) in ``target``.

    Both are paths or URLs. Raise ``PublishError``, in which case nothing is published.
    """
    folder = locate(source)
    names = _check_source(folder)
    report = progress or (lambda task, done, total: None)
    with _staged(locate(target), version) as (staging, number, destination):
        files = _copy(folder, staging, names, report)
        record = Manifest(files, read_provenance(folder), manifest.utc_now())
        path = f"{staging.path}/{manifest.FILE}"
        staging.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        staging.fs.pipe_file(path, record.encode())
        manifest.check(staging)
    return Published(destination, number, record)


@contextmanager
def _staged(target: Location, version: int | None) -> Iterator[tuple[Location, int, str]]:
    """Yield the directory to fill, the version's number, and its future location."""
    folder = target.local
    if folder is None:
        with remote.staged(target, version) as (staging, destination):
            yield staging, int(destination.name), str(destination)
        return
    with local.staged(folder, version) as (path, final):
        yield Location(target.fs, str(path), str(path)), int(final.name), f"{target}/{final.name}"


def _check_source(folder: Location) -> list[str]:
    """Return the files to publish. Raise ``PublishError`` unless the SavedModel is complete."""
    with reporting("read", folder):
        if not folder.fs.exists(folder.path):
            raise PublishError(f"{folder} does not exist")
        names = [name for name in folder.files() if name != manifest.FILE]
        if not any(graph in names for graph in GRAPH_FILES):
            raise PublishError(
                f"{folder} is not a SavedModel: it has no saved_model.pb"
                + Repository(folder).suggestion()
            )
        _check_pointers(folder, names)
        _check_graph(folder, names)
        missing = sorted(_expected_variables(names) - set(names))
        if missing:
            raise PublishError(f"{folder} is incomplete: {missing[0]} is missing")
        manifest.check(folder)
    return names


def _check_pointers(folder: Location, names: list[str]) -> None:
    """Raise ``PublishError`` if Git LFS has not brought the graph or the variables."""
    for name in names:
        if name == _GRAPH or name.startswith("variables/"):
            with folder.fs.open(f"{folder.path}/{name}", "rb") as file:
                is_pointer = file.read(len(_LFS)) == _LFS
            if is_pointer:
                raise PublishError(
                    f"{folder} is incomplete: {name} is a Git LFS pointer; run git lfs pull"
                )


def _check_graph(folder: Location, names: list[str]) -> None:
    """Raise ``PublishError`` if the graph is truncated, or files of its variables are missing."""
    if _GRAPH not in names:  # a graph as text
        return
    with folder.fs.open(f"{folder.path}/{_GRAPH}", "rb") as file:
        has_variables = any(name in block for block in _blocks(file) for name in _VARIABLES)
        size = file.tell()
        file.seek(0)
        try:
            list(fields(file, size))
        except ValueError:
            raise PublishError(f"{folder} is incomplete: {_GRAPH} is truncated") from None
    if has_variables and not any(name.startswith("variables/") for name in names):
        raise PublishError(f"{folder} is incomplete: its variables/ are missing")


def _blocks(file: Any) -> Iterator[bytes]:
    """Yield the file in blocks that overlap, so that a short name is whole in one of them."""
    kept = b""
    while block := file.read(_BLOCK):
        yield kept + block
        kept = block[-len(_VARIABLES[0]) :]


def _expected_variables(names: list[str]) -> set[str]:
    """Return the files that must accompany the variables' files that are there."""
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
        with _open(source, name) as original, target.fs.open(path, "wb") as duplicate:
            copied[name] = manifest.copy(original, duplicate)
    progress("publishing", len(names), len(names))
    return copied


@contextmanager
def _open(source: Location, name: str) -> Iterator[Any]:
    try:
        file = source.fs.open(f"{source.path}/{name}", "rb")
    except OSError as error:
        raise PublishError(f"cannot read {source}/{name}: {error.strerror or error}") from None
    with file:
        yield file
