"""A minute of sessions of which a tenth keeps disconnecting: is every frame accounted for?"""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client.parser import text_string_to_metric_families

from loadtest import closedloop
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack


def run(seconds: float, sessions: int) -> bool:
    """Run, print the account, and say whether it balances."""
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    with Stack() as stack:
        seen = closedloop.run(stack.port, frames, sessions, seconds, leaving=0.1)
        accepted, outcomes = settled(stack.get)
        memory_mb = stack.gateway.resident_mb()
    print(f"{sessions} sessions for {seconds:.0f} s, a tenth of them leaving at random")
    print(f"the cameras sent {seen.sent} frames and were told of {dict(seen.outcomes)}")
    print(f"the gateway accepted {accepted:.0f} frames:")
    for name, count in sorted(outcomes.items()):
        print(f"  {name:24} {count:8.0f}")
    total = sum(outcomes.values())
    balanced = accepted == total
    print(f"  {'in all':24} {total:8.0f}  {'= accepted' if balanced else '!= accepted'}")
    print(f"gateway's resident memory: {memory_mb:.0f} MB")
    return balanced


def settled(get: Callable[[str], str]) -> tuple[float, dict[str, float]]:
    """The gateway's counts once nothing is under way: accepted frames, and each outcome's."""
    deadline = time.monotonic() + 10
    while True:
        samples = [
            sample
            for family in text_string_to_metric_families(get("/metrics"))
            for sample in family.samples
        ]
        value = {one.name: one.value for one in samples if not one.labels}
        busy = value["framewire_calls"] + value["framewire_frames_waiting"]
        if not busy or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    outcomes = {
        f"{one.labels['outcome']} {one.labels['reason']}".strip(): one.value
        for one in samples
        if one.name == "framewire_frames_total"
    }
    return value["framewire_frames_accepted_total"], outcomes
