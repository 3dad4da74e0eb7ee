"""Low-priority work. On Linux, a thread can have a lower priority than its process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

NICENESS = 10
T = TypeVar("T")


def run(work: Callable[[], T]) -> T:
    """Run ``work`` on a low-priority thread of its own, and wait for its result.

    The thread ends with the work, because it could not raise its priority again. Threads that it
    starts keep its priority for good, so do not create TensorFlow sessions here.
    """
    with ThreadPoolExecutor(1, "background", initializer=_lower_priority) as pool:
        return pool.submit(work).result()


def _lower_priority() -> None:
    if sys.platform == "linux":  # on other systems the ID would name a process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
