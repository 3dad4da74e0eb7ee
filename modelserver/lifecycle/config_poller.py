"""The file of --model_config_file, read again and again, and applied when it has changed."""

from __future__ import annotations

import logging
import threading
from typing import Any

from modelserver.lifecycle import model_config
from modelserver.lifecycle.active_config import ActiveConfig, unavailable
from modelserver.status import ServingError

_log = logging.getLogger(__name__)


class ConfigPoller:
    """Watches a file on a thread of its own.

    Args:
        path: the file; empty for none.
        poll_s: seconds between two reads; 0 for never.
        configuration: what a changed file is applied to.
    """

    def __init__(self, path: str, poll_s: float, active_config: ActiveConfig) -> None:
        self._path = path
        self._poll_s = poll_s
        self._active_config = active_config
        self._stopping = threading.Event()
        self._applied: Any = None
        self._last_error = ""
        self._thread = threading.Thread(target=self._run, name="config file", daemon=True)

    def start(self) -> None:
        """Begin to watch, if there is something to watch."""
        if self._path and self._poll_s > 0:
            self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_s):
            try:
                self._read()
                self._last_error = ""
            except ServingError as error:
                if error.message != self._last_error:  # once, not at every read
                    _log.warning("%s: not applied: %s", self._path, error.message)
                self._last_error = error.message

    def _read(self) -> None:
        """Apply the file if it is not the one in force. A refused one is tried again, for a label
        may wait for its version."""
        wanted = model_config.read(self._path)
        if wanted == self._applied:
            return
        failures = self._active_config.apply(wanted)
        self._applied = wanted
        if failures:
            raise unavailable(failures)
