"""Reloads certificates, keys and secrets when their files change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import stat
from collections.abc import Callable, Sequence

from server.settings import WrongSetting

log = logging.getLogger(__name__)

# A poll is a few calls of stat.
POLL_S = 1.0

Stamp = tuple[tuple[int, ...] | None, ...]
"""What a change of some files changes; None: the file is not there."""


class FileWatcher:
    """Calls ``reload`` after a change, once the files have been stable for one poll.

    So a certificate and its key are read together, although they are written one after
    the other. If ``reload`` raises WrongSetting, that is logged and nothing changes.

    ``loaded`` is the files' :func:`stamp` from before they were loaded for the first time: a change
    since then, however long the start has taken, is noticed. None: they have not been loaded.
    """

    def __init__(
        self, paths: Sequence[str], reload: Callable[[], None], loaded: Stamp | None
    ) -> None:
        self._paths = paths
        self._reload = reload
        self._loaded = self._seen = loaded
        self._has_content = loaded is not None

    def poll(self) -> None:
        """Compare the files with the previous poll."""
        now = stamp(self._paths)
        if now == self._seen and now != self._loaded:
            self.reload()
        self._seen = now

    def reload(self) -> None:
        """Read the files now."""
        self._loaded = self._seen = stamp(self._paths)
        problem: object
        try:
            _refuse_pipes(self._paths)
            self._reload()
        except WrongSetting as error:
            problem = error
        except Exception as error:
            # An unexpected error must not stop the other watchers. Its text could contain a secret.
            problem = f"{', '.join(self._paths)}: {type(error).__name__}"
        else:
            self._has_content = True
            return
        meanwhile = "keeping the previous content" if self._has_content else "continuing without it"
        log.error("%s; %s", problem, meanwhile)


def _refuse_pipes(paths: Sequence[str]) -> None:
    """Raise WrongSetting for what can be read once only: whoever reads it again waits for ever.

    A file that is missing is left to those who read it.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            mode = os.stat(path).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
                raise WrongSetting(f"{path}: a pipe cannot be read again")


def stamp(paths: Sequence[str]) -> Stamp:
    """Return what says later whether the files have changed."""
    return tuple(_file_stamp(path) for path in paths)


def _file_stamp(path: str) -> tuple[int, ...] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return ()
    # The last one also changes with the permissions, which can make a file readable.
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns


async def watch_files(watchers: Sequence[FileWatcher]) -> None:
    """Poll all watchers until cancelled."""
    while True:
        await asyncio.sleep(POLL_S)
        for watcher in watchers:
            watcher.poll()
