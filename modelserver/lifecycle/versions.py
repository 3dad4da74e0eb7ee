"""Decide which versions to load and unload. No clock, disk or threads.

States of a version: START (requested) -> LOADING -> AVAILABLE -> UNLOADING -> END. A failed load
goes to END with its error, and back to START for the next attempt. Switching preserves
availability: the new version loads first, and the old one is unloaded once the new one is
available.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple


class State(IntEnum):
    """States of a version, with the numbers that GetModelStatus uses."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


class Plan(NamedTuple):
    """What to do now: version numbers, most urgent first."""

    load: list[int]
    unload: list[int]


def select(policy: Any, on_disk: Iterable[int], unfinished: Collection[int]) -> list[int]:
    """Return the versions that a policy selects, highest first.

    ``policy`` is a ServableVersionPolicy, by default the latest version. ``on_disk`` are the
    versions under the base path. ``unfinished`` are those found incomplete: "latest" does not count
    them, so that a version still being copied does not displace one that works, but still selects
    them, because they may be complete by now.
    """
    newest_first = sorted(on_disk, reverse=True)
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        return newest_first
    if kind == "specific":
        return [number for number in newest_first if number in policy.specific.versions]
    count = max(1, policy.latest.num_versions)
    selected: list[int] = []
    finished = 0
    for number in newest_first:
        if finished == count:
            break
        selected.append(number)
        finished += number not in unfinished
    return selected


def plan(states: Mapping[int, State], requested: Collection[int], due: Collection[int]) -> Plan:
    """Return what to do next for one model.

    ``states`` holds every known version, ``requested`` the result of ``select``, and ``due`` the
    versions at END whose load may be retried now.
    """
    load = [
        number
        for number in sorted(requested, reverse=True)
        if number not in states or (states[number] is State.END and number in due)
    ]
    available = [number for number, state in states.items() if state is State.AVAILABLE]
    surplus = sorted(set(available) - set(requested))
    if not requested or any(number in requested for number in available):
        return Plan(load, surplus)
    return Plan(load, surplus[:-1])  # keep the newest until a requested version is available
