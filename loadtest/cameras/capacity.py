"""``loadtest capacity URL``: find how many cameras a gateway serves within an objective."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.cameras import files, flags, objective, outputs, search
from loadtest.cameras.interrupt import Interrupted
from loadtest.cameras.load import measure, reach
from loadtest.cameras.objective import Objective
from loadtest.cameras.report import BOTTLENECK, INTERRUPTED, MISSED, OK
from loadtest.cameras.summary import summarize
from loadtest.cameras.worker import Task
from loadtest.measure import Measure

WINDOWS = 3
_NO_MORE = "no more were tried: see --most"
_DESCRIPTION = """\
Search the largest number of cameras that meet the objective in three windows in a row: twice as
many as long as they do, and then in smaller and smaller steps, down to 5 %.
"""
_EXAMPLES = """\
exit status: 0, 1 if not even one camera meets the objective, and 2, 3 and 130 as for `cameras`

example:
  %(prog)s ws://127.0.0.1:8888/ws --rate 15 --objective p95_ms=200,answered=0.99
"""


class Bottleneck(Exception):
    """The load generator itself was the limit."""


@dataclass(frozen=True)
class End:
    """How the search ended: the exit status if any number met, and why it ended early."""

    status: int
    reason: str | None = None


@dataclass(frozen=True)
class Level:
    """A number of cameras, and its figures in each window."""

    sessions: int
    windows: Sequence[Sequence[Measure]]

    @property
    def met(self) -> bool:
        """Whether every window met the objective."""
        return all(measure.held for window in self.windows for measure in window)

    def __str__(self) -> str:
        figures = "; ".join(
            f"{column[0].name} {', '.join(measure.figure for measure in column)}"
            for column in zip(*self.windows, strict=True)
        )
        verdict = "met   " if self.met else "missed"
        return f"{self.sessions:5} {_noun(self.sessions):<7}  {verdict}  {figures}"


def add(commands: Any) -> None:
    """Add the command to the load test's."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "capacity",
        help="find how many cameras a gateway serves within an objective",
        usage="%(prog)s URL [options]",
        description=_DESCRIPTION,
        epilog=f"{flags.OBJECTIVES}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    flags.add_gateway(parser)
    group = flags.add_load(parser, (8, "number to begin with"), (10.0, "length of a window"))
    flags.count(group, "--most", 2000, "most cameras to try")
    flags.add_pictures(parser)
    flags.add_generator(parser)
    results = parser.add_argument_group("the results")
    flags.add_objective(results, "p95_ms=200,answered=0.99")
    results.add_argument("--json", type=outputs.file, metavar="FILE", help="all figures")


def run(options: argparse.Namespace) -> int:
    """Run the command. Returns the exit status."""
    flags.check_length(options)
    gateway, model = reach(flags.gateway(options))
    pictures = flags.pictures(options)
    levels: list[Level] = []

    def meets(sessions: int) -> bool:
        profile = flags.profile(options, sessions, WINDOWS * options.seconds)
        task = Task(profile, gateway, pictures, range(sessions))
        levels.append(_level(task, model, options))
        print(levels[-1], flush=True)
        return levels[-1].met

    try:
        found = search.most(meets, options.sessions, options.most)
        end = End(OK, _NO_MORE if found == options.most else None)
    except Bottleneck as error:
        end = End(BOTTLENECK, f"the load generator was the limit: {error}")
    except (Interrupted, KeyboardInterrupt):
        end = End(INTERRUPTED, "the search was stopped")
    if end.status != OK:
        found = max((level.sessions for level in levels if level.met), default=0)
    try:
        print(_conclusion(found, options.objective, end.reason))
    finally:  # also if that cannot be written
        files.save((options.json, _write, _json(found, levels, end)))
    return end.status if found or end.reason else MISSED


def _level(task: Task, model: dict[str, Any], options: argparse.Namespace) -> Level:
    """Measure a number of cameras. Raises :class:`Bottleneck`, and ``Interrupted``."""
    count = flags.processes(options, task.profile)
    report, recording = measure(task, model, count, options.objective, options.max_lag_ms)
    if report.stopped:
        raise Interrupted
    seconds, since_s = options.seconds, task.profile.since_s
    spans = [since_s + number * seconds for number in range(WINDOWS)]
    windows = [summarize(recording, at, at + seconds) for at in spans]
    level = Level(
        task.profile.sessions,
        [objective.measures(options.objective, window) for window in windows],
    )
    if report.bottleneck:
        raise Bottleneck(f"{task.profile.sessions} cameras: {report.bottleneck}")
    return level


def windows(level: Level) -> list[list[dict[str, Any]]]:
    """Return the figures of each window."""
    return [files.objectives(window) for window in level.windows]


def _conclusion(found: int, objectives: Sequence[Objective], reason: str | None) -> str:
    wanted = ",".join(map(str, objectives))
    if reason:
        least = f"{found} {_noun(found)} or more" if found else "no number of cameras found yet"
        return f"{least} within {wanted}; {reason}"
    return f"{found or 'not even one'} {_noun(found or 1)} within {wanted}"


def _noun(count: int) -> str:
    return "camera" if count == 1 else "cameras"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _json(found: int, levels: Sequence[Level], end: End) -> str:
    fields = {
        "cameras": found,
        "bottleneck": end.reason if end.status == BOTTLENECK else None,
        "stopped": end.status == INTERRUPTED,
        "levels": [
            {"cameras": level.sessions, "met": level.met, "windows": windows(level)}
            for level in levels
        ],
    }
    return json.dumps(fields, indent=2) + "\n"
