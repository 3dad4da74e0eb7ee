"""``python -m loadtest``: start a model server and a gateway, load them, print the figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from export.commands.output import tolerate_closed_output
from loadtest import churn, distance, pace, ratios, swaps, workers
from loadtest.reliability import report

_DESCRIPTION = """\
Start a model server and a gateway on free ports, load them with cameras on this machine, and
print the figures. Everything shares the same processors, so compare ratios, not absolute figures.
"""
_EXAMPLES = """\
examples:
  %(prog)s                                   the gateway compared with direct calls
  %(prog)s churn --seconds 60 --sessions 64
  %(prog)s swaps --swaps 10
  %(prog)s reliability --quick overload fairness
"""


def run(arguments: Sequence[str], prog: str) -> int:
    """Run one measurement. Returns the exit status: 1 if a promise was broken."""
    tolerate_closed_output()
    options = _parser(prog).parse_args(arguments)
    if options.command == "workers":
        return 0 if workers.run(options.seconds, options.rounds) else 1
    models: Path = options.models.resolve()
    if not (models / "digits").is_dir():
        print(
            f"{prog}: no demo model in {models}; create it with `python -m export savedmodel`, "
            "or choose its folder with --models",
            file=sys.stderr,
        )
        return 2
    if options.command == "churn":
        return 0 if churn.run(models, options.seconds, options.sessions) else 1
    if options.command == "reliability":
        return 0 if report.run(models, options.scenarios, options.quick) else 1
    if options.command == "swaps":
        seen = swaps.run(models, options.sessions, options.swaps, options.rate, options.seconds)
        return 0 if swaps.report(seen, options.sessions, options.rate) else 1
    if options.command == "distance":
        distance.run(models, options.sessions, options.rate, options.seconds)
        return 0
    if options.command == "pace":
        pace.run(models, options.sessions, options.factor, options.seconds, not options.ignore)
        return 0
    ratios.run(models, options.seconds, options.rounds)
    return 0


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        default=Path("models"),
        help="folder that holds the demo model, digits (default: models)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    compare = commands.add_parser("ratios", help="compare with direct Predict calls (the default)")
    leave = commands.add_parser("churn", help="check that every frame gets its outcome")
    swap = commands.add_parser("swaps", help="promote and roll back versions under load")
    rely = commands.add_parser("reliability", help="overload, attack and soak the gateway")
    far = commands.add_parser("distance", help="put a slow network before the model server")
    paced = commands.add_parser("pace", help="let cameras follow the advised rate, or ignore it")
    several = commands.add_parser("workers", help="compare two workers with one")
    parser.set_defaults(seconds=4.0, rounds=5)
    _number(compare, "--seconds", 4.0, "duration of each measurement")
    _number(compare, "--rounds", 5, "number of repetitions")
    _number(several, "--seconds", 4.0, "duration of each measurement")
    _number(several, "--rounds", 5, "number of repetitions")
    _number(leave, "--seconds", 60.0, "duration")
    _number(leave, "--sessions", 64, "number of cameras, a tenth of which keep disconnecting")
    _number(swap, "--swaps", 10, "number of versions to publish, promote and roll back")
    _number(swap, "--sessions", 32, "number of cameras")
    _number(swap, "--rate", 8.0, "frames per second of each camera")
    _number(swap, "--seconds", 20.0, "duration of the same load without swaps, before them")
    _scenarios(rely)
    _number(far, "--sessions", 20, "number of cameras")
    _number(far, "--rate", 5.0, "frames per second of each camera")
    _number(far, "--seconds", 10.0, "duration of each measurement")
    _number(paced, "--sessions", 32, "number of cameras")
    _number(paced, "--factor", 3.0, "frames offered, relative to what can be answered")
    _number(paced, "--seconds", 10.0, "duration of each measurement")
    paced.add_argument(
        "--ignore", action="store_true", help="ignore the gateway's advice on frame rates"
    )
    return parser


def _scenarios(parser: argparse.ArgumentParser) -> None:
    parser.description = "Run scenarios, and write their figures into docs/reliability.md."
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="NAME",
        type=_scenario,
        help=f"one of {', '.join(report.SCENARIOS)} (default: all of them)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds each; the page is not written"
    )


def _scenario(name: str) -> str:
    if name not in report.SCENARIOS:
        raise argparse.ArgumentTypeError(f"{name} is not one of {', '.join(report.SCENARIOS)}")
    return name


def _number(parser: argparse.ArgumentParser, flag: str, default: float, meaning: str) -> None:
    parser.add_argument(
        flag,
        type=type(default),
        default=default,
        metavar="N",
        help=f"{meaning} (default: %(default)g)",
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], "python -m loadtest"))
