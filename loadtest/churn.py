"""Sessions of which a tenth keep disconnecting: does every frame get exactly one outcome?"""

from __future__ import annotations

from pathlib import Path

from loadtest import accounts, closedloop
from loadtest.camera import Frame
from loadtest.measure import counted
from loadtest.pictures import camera_jpegs
from loadtest.stack import Stack


def run(models: Path, seconds: float, sessions: int) -> bool:
    """Run and print the account. Returns whether it balances."""
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    with Stack(models) as stack:
        load = closedloop.run(stack.port, frames, sessions, seconds, leaving=0.1)
        account = accounts.settled(stack.get)
        memory_mb = stack.gateway.resident_mb()
    print(f"{sessions} sessions for {seconds:.0f} s, a tenth of them disconnecting at random")
    print(f"the cameras sent {load.sent} frames and received {counted(load.outcomes)}")
    print(f"the gateway accepted {account.accepted} frames:")
    for name, count in sorted(account.outcomes.items()):
        print(f"  {name:24} {count:8}")
    equal = "= accepted" if account.balanced else "!= accepted"
    print(f"  {'total':24} {account.total:8}  {equal}")
    print(f"resident memory of the gateway: {memory_mb:.0f} MB")
    return account.balanced
