"""Whether every frame that the gateway accepted got exactly one outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_IDLE_S = 10.0
_POLL_S = 0.05


@dataclass(frozen=True)
class Account:
    """The gateway's own counters: frames that it accepted, and frames by outcome."""

    accepted: int
    outcomes: dict[str, int]

    @property
    def total(self) -> int:
        """Results, drops and errors in all."""
        return sum(self.outcomes.values())

    @property
    def balanced(self) -> bool:
        """Whether there are as many outcomes as accepted frames."""
        return self.accepted == self.total


def settled(get: Callable[[str], str]) -> Account:
    """Return the account once the gateway is idle, or after 10 s.

    ``get`` returns the body at an address of the gateway.
    """
    deadline = time.monotonic() + _IDLE_S
    while True:
        figures = metrics(get)
        busy = figures["framewire_calls"] + figures["framewire_frames_waiting"]
        if not busy or time.monotonic() > deadline:
            return _account(figures)
        time.sleep(_POLL_S)


def metrics(get: Callable[[str], str]) -> dict[str, float]:
    """Return the gateway's metrics: values by name, followed by the values of the labels."""
    return {
        " ".join(filter(None, (sample.name, *sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(get("/metrics"))
        for sample in family.samples
    }


def _account(figures: dict[str, float]) -> Account:
    prefix = "framewire_frames_total "
    outcomes = {
        name.removeprefix(prefix): int(value)
        for name, value in figures.items()
        if name.startswith(prefix)
    }
    return Account(int(figures["framewire_frames_accepted_total"]), outcomes)
