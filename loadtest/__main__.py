"""``python -m loadtest``: starts a model server and a gateway, loads them, prints figures."""

from __future__ import annotations

import argparse
import sys

from loadtest import churn, ratios


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
    options = parser.parse_args()
    if options.command == "churn":
        return 0 if churn.run(options.seconds, options.sessions) else 1
    ratios.run(options.seconds, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
