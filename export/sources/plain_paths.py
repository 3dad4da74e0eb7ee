"""Give TensorFlow plain paths, because it takes some characters in names for patterns.

A checkpoint in ``runs/[final]`` is not found, and one in ``runs/a*`` may be another's. Both are
read through links with plain names, which last as long as the process.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from export.contract import GRAPH_FILES
from export.paths import obstacle
from export.sources.checkpoints import Checkpoint


def is_plain(path: Path) -> bool:
    """Return whether TensorFlow takes the whole path literally."""
    return obstacle(path) is None and not {"*", "?"} & set(str(path.absolute()))


def plain_folder(folder: Path) -> Path:
    """Return ``folder``, or a link to it."""
    return folder if is_plain(folder) else _links().folder(folder)


def with_graph(folder: Path, graph: bytes) -> Path:
    """Return a copy of a SavedModel's directory: links, but for ``graph`` as its graph."""
    return _links().with_graph(folder, graph)


def plain_prefix(prefix: Path) -> Path:
    """Return the prefix of a checkpoint, or one whose files are links to its files.

    It is a pattern if that is how TensorFlow finds the files of an old checkpoint.
    """
    return Checkpoint(prefix if is_plain(prefix) else _links().prefix(prefix)).pattern()


class _Links:
    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="framewire-")
        self._count = 0

    def folder(self, target: Path) -> Path:
        link = self._next()
        link.symlink_to(target.resolve())
        return link

    def with_graph(self, target: Path, graph: bytes) -> Path:
        folder = self._next()
        folder.mkdir()
        for path in target.iterdir():
            if path.name not in GRAPH_FILES:
                (folder / path.name).symlink_to(path.resolve())
        (folder / GRAPH_FILES[0]).write_bytes(graph)
        return folder

    def prefix(self, prefix: Path) -> Path:
        folder = self._next()
        folder.mkdir()
        for path in prefix.parent.iterdir():
            rest = path.name[len(prefix.name) :]
            if path.name.startswith(prefix.name) and rest[:1] in ("", ".", "-"):
                (folder / f"model{rest}").symlink_to(path.resolve())
        return folder / "model"

    def _next(self) -> Path:
        self._count += 1
        return Path(self._root.name, str(self._count))


@cache
def _links() -> _Links:
    return _Links()
