"""Importing TensorFlow without what it prints at its start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def load_tensorflow() -> None:
    """Imports TensorFlow; its remarks on processors and drivers would drown a line of ours."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _no_stderr():
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Native code writes to the descriptor itself, so that is what is turned away."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
