"""``python -m server.workers``: one worker. Only the supervisor starts it."""

from __future__ import annotations

import sys

from server.workers.worker import run

if __name__ == "__main__":
    sys.exit(run(*map(int, sys.argv[1:])))
