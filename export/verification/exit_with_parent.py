"""Run a module until standard input closes.

``python -m export.verification.exit_with_parent MODULE ...`` runs ``MODULE`` as ``__main__``. The
parent process holds the other end of the pipe, so the module ends with its parent, however that
ends.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _exit_when_input_closes() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_exit_when_input_closes, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
