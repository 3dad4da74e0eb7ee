"""Run a module until standard input closes.

``python -m export.verification.exit_with_parent MODULE ...`` starts ``MODULE`` as ``__main__``. The
parent holds the other end of the pipe, so the module ends with it, however it ends.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
