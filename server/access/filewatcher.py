"""Reloads certificates, keys and secrets when their files change."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence

from server.settings import WrongSetting

log = logging.getLogger(__name__)

# A poll is a few calls of stat.
POLL_S = 1.0

_Stamp = tuple[tuple[int, int, int] | None, ...]


class FileWatcher:
    """Calls ``reload`` after a change, once the files have been stable for one poll.

    So a certificate and its key are read together, although they are written one after
    the other. If ``reload`` raises WrongSetting, that is logged and nothing changes.
    """

    def __init__(self, paths: Sequence[str], reload: Callable[[], None]) -> None:
        self._paths = paths
        self._reload = reload
        self._loaded = self._seen = self._stamp()

    def poll(self) -> None:
        """Compare the files with the previous poll."""
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
            log.error("%s; keeping the previous content", error)
        except Exception as error:
            # An unexpected error must not stop the other watchers. Its text could contain a secret.
            paths, kind = ", ".join(self._paths), type(error).__name__
            log.error("%s: %s; keeping the previous content", paths, kind)

    def _stamp(self) -> _Stamp:
        return tuple(_file_stamp(path) for path in self._paths)


def _file_stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


async def watch_files(watchers: Sequence[FileWatcher]) -> None:
    """Poll all watchers until cancelled."""
    while True:
        await asyncio.sleep(POLL_S)
        for watcher in watchers:
            watcher.poll()
