"""Files that may change under a running gateway: certificates, keys, secrets."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence

from server.settings import WrongSetting

log = logging.getLogger(__name__)

# How often the files are looked at: a few calls of stat.
LOOK_S = 1.0

_Stamp = tuple[tuple[int, int, int] | None, ...]


class FileWatcher:
    """Calls ``reload`` once files have changed and have then been left alone for one look.

    So a certificate and its key, written one after the other, are read together.
    What ``reload`` refuses with WrongSetting is logged in one line, and nothing changes.
    """

    def __init__(self, paths: Sequence[str], reload: Callable[[], None]) -> None:
        self._paths = paths
        self._reload = reload
        self._loaded = self._seen = self._stamp()

    def look(self) -> None:
        """Compare the files with what was seen before."""
        stamp = self._stamp()
        if stamp == self._seen and stamp != self._loaded:
            self.reload()
        self._seen = stamp

    def reload(self) -> None:
        """Read the files now."""
        self._loaded = self._seen = self._stamp()
        try:
            self._reload()
        except WrongSetting as error:
            log.error("%s; what was read before stays in use", error)
        except Exception as error:
            # One file's surprise must not end the watch over all of them. Its words could cite
            # a secret.
            where, kind = ", ".join(self._paths), type(error).__name__
            log.error("%s: %s; what was read before stays in use", where, kind)

    def _stamp(self) -> _Stamp:
        return tuple(_stamp_of(path) for path in self._paths)


def _stamp_of(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


async def watch_files(watchers: Sequence[FileWatcher]) -> None:
    """Look at all of them, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_S)
        for watcher in watchers:
            watcher.look()
