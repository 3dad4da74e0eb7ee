"""TensorFlow's import, and the memory of this process.

Importing TensorFlow takes seconds and prints messages about CPU features and missing GPUs, partly
from C++ before any log level takes effect. They are hidden, unless the import fails.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any


def import_tensorflow() -> Any:
    """Import TensorFlow quietly, without Keras; if the import fails, show what it printed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _stderr_held_back(), _keras_left_out():
        import tensorflow as tf
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tf


@contextlib.contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Redirect file descriptor 2 to a file; copy the file to it only if the body raises."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        saved = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


@contextlib.contextmanager
def _keras_left_out() -> Iterator[None]:
    """Keep TensorFlow from importing Keras, a quarter of the import, which serving has no use for.

    TensorFlow takes its absence for a missing package. ``import keras`` works as ever afterwards.
    """
    if "keras" in sys.modules:
        yield
        return
    sys.modules["keras"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["keras"]


def give_back_memory() -> None:
    """Return freed memory to the operating system, where the C library (glibc) keeps it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
