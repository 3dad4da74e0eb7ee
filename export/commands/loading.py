"""Import TensorFlow without its startup messages, and without Keras."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def load_tensorflow() -> None:
    """Import TensorFlow. Its remarks on CPUs and drivers would drown out our own lines."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # The user's environment or ~/.keras/keras.json may name another backend for other work.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    # File systems of networks may have no locks, and files that are only read need none.
    os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
    with _stderr_discarded(), _keras_left_out(), _keras_without_settings():
        import tensorflow as tf  # noqa: F401
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel("ERROR")


@contextmanager
def _stderr_discarded() -> Iterator[None]:
    """Redirect file descriptor 2, which native code writes to directly."""
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


@contextmanager
def _keras_left_out() -> Iterator[None]:
    """Keep TensorFlow from importing Keras, a quarter of the import, until a source needs it.

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


@contextmanager
def _keras_without_settings() -> Iterator[None]:
    """Keep the old Keras within TensorFlow from the user's settings: it fails if they are wrong."""
    saved = os.environ.get("KERAS_HOME")
    os.environ["KERAS_HOME"] = os.devnull
    try:
        yield
    finally:
        del os.environ["KERAS_HOME"]
        if saved is not None:
            os.environ["KERAS_HOME"] = saved
