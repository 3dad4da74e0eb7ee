"""``python -m server.workers``: one worker. Only the supervisor starts it."""

from __future__ import annotations

import signal
import sys

if __name__ == "__main__":
    # Files are read after the imports, so a SIGHUP to all processes leaves nothing to do here.
    signal.signal(signal.SIGHUP, lambda number, frame: None)
    from server.workers.worker import run

    sys.exit(run(*map(int, sys.argv[1:])))
