"""``loadtest cameras URL``: put cameras on a gateway, and report the age of their results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from framewire.client.errors import SourceError
from loadtest.cameras import files, flags, hgrm, outputs, page
from loadtest.cameras.fleet import WorkerDied
from loadtest.cameras.interrupt import Interrupted
from loadtest.cameras.load import measure, reach
from loadtest.cameras.report import INTERRUPTED, UNUSABLE
from loadtest.cameras.target import Unusable
from loadtest.cameras.text import text
from loadtest.cameras.worker import Task

_DESCRIPTION = """\
Open sessions like cameras: each captures frames at its rate, whatever happens to earlier ones,
and sends those that the gateway's window allows. The age of a result counts from the moment its
frame was due, and frames that could not be sent count as well.
"""
_EXAMPLES = """\
exit status:
  0   done, and the objective was met
  1   the objective was missed, or no frame was answered
  2   no load could be put on the gateway; the message says why
  3   the load generator itself was the limit, so the figures do not count
  130 Ctrl-C ended the load early; the report is about the time until then

examples:
  %(prog)s ws://127.0.0.1:8888/ws
  %(prog)s wss://example.org/ws --token @token.txt --sessions 40 --rate 10 --html report.html
  %(prog)s ws://127.0.0.1:8888/ws --objective p95_ms=200,answered=0.99
"""


def add(commands: Any) -> None:
    """Add the command to the load test's."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "cameras",
        help="put cameras on any gateway, and report the age of their results",
        usage="%(prog)s URL [options]",
        description=_DESCRIPTION,
        epilog=f"{flags.OBJECTIVES}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    flags.add_gateway(parser)
    group = flags.add_load(parser, (8, "number of cameras"), (30.0, "how long frames count"))
    group.add_argument(
        "--closed",
        action="store_true",
        help="each camera sends a frame when it has its last outcome: measures the peak",
    )
    flags.add_pictures(parser)
    flags.add_generator(parser)
    results = parser.add_argument_group("the results")
    flags.add_objective(results)
    for kind, meaning in (
        ("json", "all figures"),
        ("csv", "a row per frame"),
        ("html", "a page with charts that needs nothing else"),
        ("hgrm", "the distribution of the age, for HdrHistogram's plotters"),
    ):
        results.add_argument(f"--{kind}", type=outputs.file, metavar="FILE", help=meaning)
    results.add_argument(
        "--record",
        type=outputs.new_folder,
        metavar="FOLDER",
        help="keep all frames and their outcomes, to be replayed; 1 GB per process at most",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command. Returns the exit status."""
    outputs.check(options)
    flags.check_length(options)
    profile = flags.profile(options, options.sessions, options.seconds)
    gateway, model = reach(flags.gateway(options))
    pictures = flags.pictures(options)
    task = Task(profile, gateway, pictures, range(profile.sessions), options.record)
    count = flags.processes(options, profile)
    report, recording = measure(task, model, count, options.objective, options.max_lag_ms)
    try:
        print(text(report))
    finally:  # also if that cannot be written
        files.save(
            (options.json, files.write_json, report),
            (options.csv, files.write_csv, recording),
            (options.html, page.write, report),
            (options.hgrm, hgrm.write, report.summary.ages_ms),
        )
    return report.status


def guarded(
    command: Callable[[argparse.Namespace], int], options: argparse.Namespace, prog: str
) -> int:
    """Run a command, and print what makes it impossible. Returns the exit status."""
    try:
        return command(options)
    except (Unusable, SourceError, WorkerDied) as error:
        sys.stdout.flush()  # what was printed before the error comes before it
        print(f"{prog}: {error}", file=sys.stderr)
        return UNUSABLE
    except Interrupted as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
