"""How fast the project is, line by line beside its targets (``loadtest speed``).

Each group is a module with ``measure(models, length, logs)``, which yields lines.
"""

from __future__ import annotations

GROUPS = ("gateway", "raw", "demo", "start")
