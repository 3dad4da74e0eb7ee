"""Versions that need the files of others, because they are or contain symbolic links to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def needed(base: Path, name: str) -> set[str]:
    """Return the other entries of ``base`` that links in the entry ``name`` lead to or through."""
    root = base.resolve()
    found: set[str] = set()
    seen: set[Path] = set()
    waiting = [root / name]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path.is_relative_to(root) and path != root:
            found.add(path.relative_to(root).parts[0])
        waiting += [_target(one) for one in _links(path)]
    return found - {name}


def _links(path: Path) -> Iterator[Path]:
    """Yield ``path`` if it is a link, otherwise the links below it."""
    if path.is_symlink():
        yield path
        return
    for folder, folders, files in os.walk(path):
        entries = [Path(folder, one) for one in (*folders, *files)]
        yield from (one for one in entries if one.is_symlink())


def _target(link: Path) -> Path:
    """Return what a link points to, which may be another link."""
    target = Path(os.path.normpath(link.parent / os.readlink(link)))
    return target.parent.resolve() / target.name
