"""``python -m loadtest``: starts a model server and a gateway, loads them, prints figures."""

from __future__ import annotations

import argparse
import sys

from loadtest import churn, ratios, swaps
from loadtest.stack import ROOT


def main() -> int:
    """Run what was asked for; the exit status is 1 where an account does not balance."""
    parser = argparse.ArgumentParser(prog="python -m loadtest", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    beside = commands.add_parser("ratios", help="the gateway beside direct calls (the default)")
    leaving = commands.add_parser("churn", help="sessions that leave; is every frame told of?")
    parser.set_defaults(seconds=4.0, rounds=5)
    beside.add_argument("--seconds", type=float, default=4.0, help="of each measurement (4)")
    beside.add_argument("--rounds", type=int, default=5, help="how often all is repeated (5)")
    leaving.add_argument("--seconds", type=float, default=60.0, help="how long (60)")
    leaving.add_argument("--sessions", type=int, default=64, help="how many (64)")
    swapping = commands.add_parser("swaps", help="versions promoted and rolled back under load")
    swapping.add_argument("--swaps", type=int, default=10, help="how many (10)")
    swapping.add_argument("--sessions", type=int, default=32, help="how many (32)")
    swapping.add_argument("--rate", type=float, default=8.0, help="frames/s of each (8)")
    swapping.add_argument("--seconds", type=float, default=20.0, help="of quiet before (20)")
    options = parser.parse_args()
    if options.command == "churn":
        return 0 if churn.run(options.seconds, options.sessions) else 1
    if options.command == "swaps":
        seen = swaps.run(
            ROOT / "models", options.sessions, options.swaps, options.rate, options.seconds
        )
        return 0 if swaps.report(seen, options.sessions, options.rate) else 1
    ratios.run(options.seconds, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
