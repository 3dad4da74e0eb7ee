"""TensorFlow's import.

It prints messages about CPU features and missing GPUs, partly from C++ before any log level takes
effect. They are hidden, unless the import fails.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec


def import_tensorflow() -> None:
    """Import the parts of TensorFlow quietly; if the import fails, show what it printed.

    Afterwards this process has no other parts, unless it had imported TensorFlow before.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _leave_out_the_rest()
    with _stderr_held_back():
        from modelserver import tensorflow_parts  # noqa: F401
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def _leave_out_the_rest() -> None:
    """Put a package with TensorFlow's files, but without its own imports, in its place."""
    spec = find_spec("tensorflow")
    if "tensorflow" not in sys.modules and spec is not None:
        sys.modules["tensorflow"] = module_from_spec(spec)


@contextlib.contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Redirect file descriptor 2 to a file; copy the file to it only if the body raises.

    On a machine where no file can be written, nothing is held back.
    """
    if sys.stderr is not None:  # otherwise the parent has closed it
        sys.stderr.flush()
    with contextlib.ExitStack() as opened:
        try:
            held = opened.enter_context(tempfile.TemporaryFile())
        except OSError:
            yield
            return
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
