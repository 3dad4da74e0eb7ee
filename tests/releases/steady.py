"""A gateway with a shadow that has nothing saved up, as after its first minutes.

Between two of its turns in a measurement, a shadow would save up time, and then use twice as much
as it does under a steady load.
"""

from __future__ import annotations

import sys

from server.__main__ import run
from server.core import mirroring

if __name__ == "__main__":
    mirroring.SAVED_S = 0.0
    sys.exit(run(sys.argv[1:]))
