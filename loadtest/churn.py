"""Sessions of which a tenth keep disconnecting: does every frame get exactly one outcome?"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from loadtest import closedloop
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack


def run(models: Path, seconds: float, sessions: int) -> bool:
    """Run and print the account. Returns whether it balances."""
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    with Stack(models) as stack:
        load = closedloop.run(stack.port, frames, sessions, seconds, leaving=0.1)
        accepted, outcomes = settled(stack.get)
        memory_mb = stack.gateway.resident_mb()
    print(f"{sessions} sessions for {seconds:.0f} s, a tenth of them disconnecting at random")
    print(f"the cameras sent {load.sent} frames and received {dict(load.outcomes)}")
    print(f"the gateway accepted {accepted:.0f} frames:")
    for name, count in sorted(outcomes.items()):
        print(f"  {name:24} {count:8.0f}")
    total = sum(outcomes.values())
    balanced = accepted == total
    print(f"  {'total':24} {total:8.0f}  {'= accepted' if balanced else '!= accepted'}")
    print(f"resident memory of the gateway: {memory_mb:.0f} MB")
    return balanced


def settled(get: Callable[[str], str]) -> tuple[float, dict[str, float]]:
    """Return the gateway's counters once it is idle: accepted frames, and frames per outcome."""
    deadline = time.monotonic() + 10
    while True:
        samples = [
            sample
            for family in text_string_to_metric_families(get("/metrics"))
            for sample in family.samples
        ]
        value = {sample.name: sample.value for sample in samples if not sample.labels}
        busy = value["framewire_calls"] + value["framewire_frames_waiting"]
        if not busy or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    outcomes = {
        f"{sample.labels['outcome']} {sample.labels['reason']}".strip(): sample.value
        for sample in samples
        if sample.name == "framewire_frames_total"
    }
    return value["framewire_frames_accepted_total"], outcomes
