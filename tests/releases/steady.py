"""A gateway with a shadow that has nothing saved up, as after its first minutes.

Between two of its turns in a measurement, a shadow would save up time, and then use twice as much
as it does under a steady load. ``python -m tests.releases.steady FILE ...`` also writes when each
call for the shadow began and ended, in monotonic seconds, a line each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from server.__main__ import run
from server.core import mirroring
from server.runtime import shadow


def noted(log: TextIO) -> type[mirroring.Mirroring]:
    """Return the policy, which writes its calls to ``log``."""

    class Noted(mirroring.Mirroring):
        def ended(self, now: float) -> None:
            print(self._began, now, file=log, flush=True)
            super().ended(now)

    return Noted


if __name__ == "__main__":
    mirroring.SAVED_S = 0.0
    with Path(sys.argv[1]).open("w", encoding="ascii") as log:
        shadow.Mirroring = noted(log)  # type: ignore[misc]
        sys.exit(run(sys.argv[2:]))
