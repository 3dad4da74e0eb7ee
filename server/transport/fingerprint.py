"""Addresses that change with the files behind them, so that browsers may keep these."""

from __future__ import annotations

import math
import os
import re
import time
from hashlib import sha256
from pathlib import Path

from server.transport.compression import State, state_of, version_of

# Names are compared, not trusted: 64 bits tell releases apart.
DIGITS = 16
_NAMED = re.compile(rf"([0-9a-f]{{{DIGITS}}})/(.+)", re.DOTALL)
# What a page loads. What it leads to, and what names an installed page, keeps its address.
_LOADED = re.compile(rb'(?<=["/])(static/)(?=[\w./-]+\.(?:js|css|svg|png)")')


def split(path: str) -> tuple[str | None, str]:
    """Return the fingerprint that a path begins with, if any, and the path of the file."""
    named = _NAMED.fullmatch(path)
    return (named[1], named[2]) if named else (None, path)


def addressed(page: bytes, name: str) -> bytes:
    """Return an HTML page that loads its files from below a fingerprint.

    Modules import one another by relative addresses, which then begin with it as well.
    """
    return _LOADED.sub(rb"\g<1>" + name.encode() + b"/", page)


class Fingerprint:
    """What all files of a folder contain, as one short name.

    Looking at them takes 2 ms, so they are looked at again after ``every_s`` seconds at the
    earliest. For so long after an update, a page may load its files by the name from before it;
    what has changed is then sent as it is now, and not kept.
    """

    def __init__(self, root: Path, every_s: float = 1.0) -> None:
        self._root = root
        self._every_s = every_s
        self._looked = -math.inf
        self._seen: dict[str, tuple[State, str]] = {}
        self._name = ""

    def name(self) -> str:
        """Return the name. Raises OSError."""
        now = time.monotonic()
        if now - self._looked < self._every_s:
            return self._name
        self._looked = now
        self._seen = {path: self._version(path) for path in self._paths()}
        lines = (f"{path} {version}" for path, (_, version) in sorted(self._seen.items()))
        self._name = sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]
        return self._name

    def holds(self, name: str, path: str, version: str) -> bool:
        """Return whether a file with this content is part of what a name stands for.

        If so, the address with that name never leads to any other content. Raises OSError.
        """
        if name != self._name:  # of another release, or seen first by another process
            self.name()
        return name == self._name and self._seen.get(path, (None, ""))[1] == version

    def _paths(self) -> list[str]:
        return [
            os.path.relpath(os.path.join(folder, file), self._root)
            for folder, _, files in os.walk(self._root)
            for file in files
        ]

    def _version(self, path: str) -> tuple[State, str]:
        file = self._root / path
        state = state_of(str(file))
        known = self._seen.get(path)
        if known is not None and known[0] == state:
            return known
        return state, version_of(file.read_bytes())
