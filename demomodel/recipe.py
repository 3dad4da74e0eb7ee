"""The hyperparameters of a training run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything that determines the result of a run, apart from the code.

    ``rate``: the peak learning rate. ``warmup``: the steps until it is reached. ``decay``: weight
    decay, relative to the rate. ``averaging``: how much of the averaged weights each step keeps.
    """

    seed: int = 1
    steps: int = 8000
    scenes: int = 20000
    batch: int = 32
    rate: float = 2e-3
    warmup: int = 300
    decay: float = 0.02
    averaging: float = 0.998
