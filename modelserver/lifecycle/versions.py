"""Which versions should be served, and what to do next to get there. No clock, disk or thread.

A version's life: START (wanted) -> LOADING -> AVAILABLE -> UNLOADING -> END. A load that fails
goes to END with its error, and back to START for the next attempt. The switch keeps a model
available: the new version is loaded first, the old one goes when the new one answers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple


class State(IntEnum):
    """The states of a version, numbered as GetModelStatus sends them."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


class Plan(NamedTuple):
    """What to do now: version numbers, the most urgent first."""

    load: list[int]
    unload: list[int]


def wanted(policy: Any, on_disk: Iterable[int], unfinished: Collection[int]) -> list[int]:
    """The versions that a policy asks for, highest first.

    Args:
        policy: a ServableVersionPolicy; latest 1 if nothing is chosen.
        on_disk: the versions found under the base path.
        unfinished: versions that were found incomplete. "Latest" does not count them, so that a
            version still being copied does not take the place of one that can answer; it goes on
            asking for them, because they may be whole by now.
    """
    found = sorted(on_disk, reverse=True)
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return found
    if choice == "specific":
        return [number for number in found if number in policy.specific.versions]
    count = max(1, policy.latest.num_versions)
    chosen: list[int] = []
    finished = 0
    for number in found:
        if finished == count:
            break
        chosen.append(number)
        finished += number not in unfinished
    return chosen


def plan(states: Mapping[int, State], asked: Collection[int], due: Collection[int]) -> Plan:
    """What to do next for one model.

    Args:
        states: every version known, by number.
        asked: what `wanted` said.
        due: versions at END that may be loaded again now.
    """
    load = [
        number
        for number in sorted(asked, reverse=True)
        if number not in states or (states[number] is State.END and number in due)
    ]
    available = [number for number, state in states.items() if state is State.AVAILABLE]
    surplus = sorted(set(available) - set(asked))
    if not asked or any(number in asked for number in available):
        return Plan(load, surplus)
    return Plan(load, surplus[:-1])  # the last one answers until a wanted one does
