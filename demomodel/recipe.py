"""Everything that decides what training comes to, apart from the code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A run's numbers. rate: the highest learning rate; warmup: steps until it is reached;
    decay: of the weights, as a part of the rate; averaging: how much of the averaged weights
    stays at each step."""

    seed: int = 1
    steps: int = 8000
    scenes: int = 20000
    batch: int = 32
    rate: float = 2e-3
    warmup: int = 300
    decay: float = 0.02
    averaging: float = 0.998
