"""Ctrl-C while a load runs: the first one ends the load, and its report still follows."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


class Interrupted(Exception):
    """The load was stopped before it was of any use."""


@contextlib.contextmanager
def noticed() -> Iterator[Callable[[], bool]]:
    """Yield whether there was a Ctrl-C within the block. Only a second one interrupts it."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread handles signals
        return
    asked = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
