"""Find the dropout that is part of a TensorFlow 1 graph, and what turns it off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOTHING_DROPPED = (
    {"keep_prob": 1},  # before TensorFlow 1.13
    {"rate": 0},
    {"GreaterEqual/y": 0, "Const": 1},  # both computed from the rate: its bound, and the scale
)
"""Constants in the scope of a dropout, and the values with which it keeps everything."""


def switches(nodes: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what to pass to ``--feed`` so that no dropout among the nodes drops anything."""
    found: list[str] = []
    for name, node in nodes.items():
        scope = name.rpartition("/random_uniform/")[0]
        if node.op != "RandomUniform" or not scope:
            continue
        for constants in _NOTHING_DROPPED:
            known = [nodes.get(f"{scope}/{constant}") for constant in constants]
            if all(one is not None and one.op == "Const" for one in known):
                found += [f"{scope}/{constant}={value}" for constant, value in constants.items()]
                break
    return tuple(sorted(found))
