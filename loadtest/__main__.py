"""``python -m loadtest``: load a gateway with cameras, and print the figures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from export.commands.parser import CommandParser
from framewire.output import tolerate_closed_output
from loadtest.cameras import capacity, command, flags
from loadtest.cameras.report import INTERRUPTED
from loadtest.reliability import SCENARIOS
from loadtest.replay import command as replay
from loadtest.speed import GROUPS

_DESCRIPTION = """\
Load a gateway with cameras, and print the figures. `cameras`, `capacity` and `replay` take the URL
of any gateway. The other commands start a model server and a gateway on free ports; everything then
shares the same processors, so compare ratios, not absolute figures.
"""
_EXAMPLES = """\
examples:
  %(prog)s cameras ws://127.0.0.1:8888/ws --html report.html
  %(prog)s capacity ws://127.0.0.1:8888/ws --objective p95_ms=200,answered=0.99
  %(prog)s replay ws://127.0.0.1:8888/ws record/
  %(prog)s                                   the gateway compared with direct calls
  %(prog)s churn --seconds 60 --sessions 64
  %(prog)s swaps --swaps 10
  %(prog)s reliability --quick overload fairness
  %(prog)s speed                             the project's own targets, and what is reached
"""
_BY_URL = {"cameras": command.run, "capacity": capacity.run, "replay": replay.run}
# What the other commands start, or use to measure.
_NEEDS = ("tensorflow", "grpc", "grpc_health", "prometheus_client", "fsspec", "cryptography")


_CAMERAS = "number of cameras"
_EACH_S = ("--seconds", 4.0, "duration of each measurement")
_FOR_10_S = ("--seconds", 10.0, "duration of each measurement")
_ROUNDS = ("--rounds", 5, "number of repetitions")
_RATE = "frames per second of each camera"
# The commands that start servers: their help, and their flags for numbers, with defaults.
_COMMANDS: Mapping[str, tuple[str, Sequence[tuple[str, float, str]]]] = {
    "ratios": ("compare the gateway with direct Predict calls (the default)", [_EACH_S, _ROUNDS]),
    "churn": (
        "check that every frame gets its outcome",
        [
            ("--seconds", 60.0, "duration"),
            ("--sessions", 64, f"{_CAMERAS}, a tenth of which keep disconnecting"),
        ],
    ),
    "swaps": (
        "promote and roll back versions under load",
        [
            ("--swaps", 10, "number of versions to publish, promote and roll back"),
            ("--sessions", 32, _CAMERAS),
            ("--rate", 8.0, _RATE),
            ("--seconds", 20.0, "duration of the same load without swaps, before them"),
        ],
    ),
    "reliability": ("overload, attack and soak the gateway", []),
    "speed": ("measure speed, and compare it with targets", []),
    "distance": (
        "put a slow network before the model server",
        [("--sessions", 20, _CAMERAS), ("--rate", 5.0, _RATE), _FOR_10_S],
    ),
    "pace": (
        "let cameras follow the advised rate, or ignore it",
        [
            ("--sessions", 32, _CAMERAS),
            ("--factor", 3.0, "frames offered, relative to what can be answered"),
            _FOR_10_S,
        ],
    ),
    "tracing": (
        "measure what traces cost the gateway",
        [
            ("--share", 0.05, "fraction of the frames to trace"),
            ("--sessions", 16, _CAMERAS),
            ("--rounds", 30, "number of repetitions"),
            _EACH_S,
        ],
    ),
    "workers": ("compare two workers with one", [_EACH_S, _ROUNDS]),
}


def run(arguments: Sequence[str], prog: str) -> int:
    """Run one measurement. Returns the exit status: 1 if a promise was broken, 130 for Ctrl-C."""
    tolerate_closed_output(prog)
    try:
        return _run(arguments, prog)
    except KeyboardInterrupt:  # the servers have been stopped
        return INTERRUPTED
    finally:
        print(end="", flush=True)


def _run(arguments: Sequence[str], prog: str) -> int:
    options = _parser(prog).parse_args(arguments)
    if options.command in _BY_URL:
        return command.guarded(_BY_URL[options.command], options, f"{prog} {options.command}")
    missing = [module for module in _NEEDS if find_spec(module) is None]
    models: Path = options.models.resolve()
    if missing:
        problem = f"{', '.join(missing)} not installed; run: pip install 'framewire[demo]'"
    elif not (models / "digits").is_dir():
        problem = (
            f"no demo model in {models}; create it with `framewire export savedmodel`, "
            "or choose its folder with --models"
        )
    else:
        return _measure(options, models)
    print(f"{prog}: {problem}", file=sys.stderr)
    return 2


def _measure(options: argparse.Namespace, models: Path) -> int:
    """Start servers, and measure them. Returns the exit status."""
    from loadtest import churn, distance, pace, ratios, swaps, tracing, workers
    from loadtest.reliability import report
    from loadtest.speed import report as speed

    measurements: dict[str, Callable[[], bool | None]] = {
        "churn": lambda: churn.run(models, options.seconds, options.sessions),
        "distance": lambda: distance.run(models, options.sessions, options.rate, options.seconds),
        "pace": lambda: pace.run(
            models, options.sessions, options.factor, options.seconds, not options.ignore
        ),
        "ratios": lambda: ratios.run(models, options.seconds, options.rounds),
        "reliability": lambda: report.run(models, options.scenarios, options.quick),
        "speed": lambda: speed.run(models, options.groups, options.quick),
        "swaps": lambda: swaps.report(
            swaps.run(models, options.sessions, options.swaps, options.rate, options.seconds),
            options.sessions,
            options.rate,
        ),
        "tracing": lambda: tracing.run(
            models, options.share, options.sessions, options.rounds, options.seconds
        ),
        "workers": lambda: workers.run(options.seconds, options.rounds),
    }
    return 1 if measurements[options.command or "ratios"]() is False else 0


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = CommandParser(
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
    parser.set_defaults(seconds=4.0, rounds=5)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    command.add(commands)
    capacity.add(commands)
    replay.add(commands)
    _add_measurements(commands)
    return parser


def _add_measurements(commands: Any) -> None:
    """Add the commands that start servers."""
    parsers = {name: commands.add_parser(name, help=text) for name, (text, _) in _COMMANDS.items()}
    for name, (text, numbers) in _COMMANDS.items():
        parsers[name].description = f"{text[0].upper()}{text[1:]}."
        for number in numbers:
            _number(parsers[name], *number)
    rely, fast = parsers["reliability"], parsers["speed"]
    rely.description = "Run scenarios, and write their figures into docs/reliability.md."
    fast.description = "Measure how fast the project is, each figure beside its target."
    quick = "a few seconds each; the page is not written"
    _selection(rely, "scenarios", "NAME", SCENARIOS, quick)
    _selection(fast, "groups", "GROUP", GROUPS, "one short round each")
    parsers["pace"].add_argument(
        "--ignore", action="store_true", help="ignore the gateway's advice on frame rates"
    )


def _selection(
    parser: argparse.ArgumentParser, dest: str, metavar: str, names: Collection[str], quick: str
) -> None:
    """Add a selection of ``names``, all of them by default, and what ``--quick`` does."""

    def name(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text} is not one of {', '.join(names)}")
        return text

    text = f"one of {', '.join(names)} (default: all of them)"
    parser.add_argument(dest, nargs="*", metavar=metavar, type=name, help=text)
    parser.add_argument("--quick", action="store_true", help=quick)


def _number(parser: argparse.ArgumentParser, flag: str, default: float, meaning: str) -> None:
    parser.add_argument(
        flag,
        type=flags.count_of if isinstance(default, int) else flags.positive,
        default=default,
        metavar="N",
        help=f"{meaning} (default: %(default)g)",
    )


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], "python -m loadtest"))
