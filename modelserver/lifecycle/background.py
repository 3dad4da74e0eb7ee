"""Work that lets others go first: on Linux a thread may have a lower priority than its process."""

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
    """Do something on a thread of its own that has a low priority, and wait for it.

    The thread ends with the work, because it could not raise its priority again, and threads that
    it starts have its priority for good: TensorFlow's sessions must not be made here.
    """
    with ThreadPoolExecutor(1, "background", initializer=_step_back) as pool:
        return pool.submit(work).result()


def _step_back() -> None:
    if sys.platform == "linux":  # elsewhere the number would name a process
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
