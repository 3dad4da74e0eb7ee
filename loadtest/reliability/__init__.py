"""What a gateway promises under overload and attack, measured scenario by scenario.

Each scenario is a module with a ``run(stack, size)`` that returns a ``Result``, and with two
sizes: ``FULL``, and ``QUICK`` of a few seconds.
"""

from __future__ import annotations

SCENARIOS = (
    "overload",
    "fairness",
    "stalled_reader",
    "idle",
    "fuzz",
    "attackers",
    "backends",
    "rolling",
    "gateways",
    "chaos",
    "soak",
)
