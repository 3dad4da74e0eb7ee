"""Polls ``--model_config_file`` and applies it when it changes."""

from __future__ import annotations

import logging
import threading

from modelserver.lifecycle import model_config
from modelserver.lifecycle.active_config import ActiveConfig, unavailable
from modelserver.status import ServingError

log = logging.getLogger(__name__)


class ConfigPoller:
    """A thread that reads the file at ``path`` every ``poll_s`` seconds.

    An empty path or 0 seconds disables it. As in TensorFlow Serving, the file prevails: what a
    HandleReloadConfigRequest has changed is undone, unless the file says the same.
    """

    def __init__(self, path: str, poll_s: float, active_config: ActiveConfig) -> None:
        self._path = path
        self._poll_s = poll_s
        self._active_config = active_config
        self._stopping = threading.Event()
        self._last_error = ""
        self._thread = threading.Thread(target=self._run, name="config file", daemon=True)

    def start(self) -> None:
        """Start polling, if enabled."""
        if self._path and self._poll_s > 0:
            self._thread.start()

    def stop(self) -> None:
        """Stop polling."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_s):
            try:
                self._read()
                self._last_error = ""
            except ServingError as error:
                self._report(error.message)
            except Exception:
                log.exception("unexpected error while reading the model config; continuing")

    def _report(self, message: str) -> None:
        """Log an error once, not on every poll."""
        if message != self._last_error:
            log.warning("model config not applied: %s", message)
        self._last_error = message

    def _read(self) -> None:
        """Apply the file if it differs from the config in force. Retry a rejected one: its labels
        may be waiting for a version.
        """
        config = model_config.read(self._path)
        if config == self._active_config.in_force:
            return
        try:
            failures = self._active_config.apply_file(config)
            if not model_config.is_empty(config):
                log.info("model config applied: %s", self._path)
            if failures:
                raise unavailable(failures)
        except ServingError as error:
            raise model_config.in_file(self._path, error) from None
