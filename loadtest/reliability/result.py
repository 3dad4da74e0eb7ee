"""What a scenario measured, and the bounds that it must keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.accounts import Account
from loadtest.measure import Measure


@dataclass(frozen=True)
class Result:
    """One scenario: its measures, the gateway's account of frames, and what else to know."""

    scenario: str
    measures: Sequence[Measure]
    notes: Sequence[str] = ()

    @property
    def held(self) -> bool:
        """Whether every bound was kept."""
        return all(measure.held for measure in self.measures)

    @property
    def broken(self) -> list[Measure]:
        """The measures that missed their bound."""
        return [measure for measure in self.measures if not measure.held]


def balance(account: Account, prefix: str = "") -> Measure:
    """Return how many accepted frames have no outcome, or more than one: none may."""
    name = f"{prefix}accepted frames without exactly one outcome"
    return Measure(f"{name}, of {account.accepted:,}", abs(account.accepted - account.total), 0)
