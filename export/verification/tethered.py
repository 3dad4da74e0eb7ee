"""Runs a module for as long as standard input is open: `python -m export.verification.tethered
MODULE ...`. Whoever started it has only to end, in whatever way, for it to end too."""

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
