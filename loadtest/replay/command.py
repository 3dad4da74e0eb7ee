"""``loadtest replay URL FILE``: send recorded sessions again, and compare the outcomes."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from framewire.agreement import Thresholds
from framewire.recording import RecordedFrame, RecordingError, read_sessions
from loadtest.cameras import flags
from loadtest.cameras.load import reach
from loadtest.cameras.report import MISSED, OK
from loadtest.cameras.target import Unusable
from loadtest.replay.player import play
from loadtest.replay.summary import check_results, summarize
from loadtest.replay.text import text

_DESCRIPTION = """\
Send the frames of a recording again, byte for byte, each in its session and at its time. Compare
what becomes of them with the record: outcomes, ages, and how far the answers agree.
"""
_EXAMPLES = """\
exit status:
  0   the results are within the limits
  1   a limit was exceeded
  2   there is nothing to replay, or no gateway that takes it; the message says why

examples:
  %(prog)s ws://127.0.0.1:8888/ws record/
  %(prog)s ws://127.0.0.1:8888/ws camera.fwrec --label canary --min-agreement 0.98
  %(prog)s wss://example.org/ws record/ --token @token.txt --seconds 60 --speed 2
"""


def add(commands: Any) -> None:
    """Add the command to the load test's."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "replay",
        help="send recorded sessions again, and compare the outcomes",
        usage="%(prog)s URL PATH [options]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    flags.add_gateway(parser, "as recorded")
    parser.add_argument("path", type=Path, metavar="PATH", help="a recording, or a folder of them")
    group = parser.add_argument_group("the replay")
    flags.factor(group, "--speed", 1.0, "how many times as fast as recorded")
    group.add_argument("--session", metavar="ID", help="replay only this session")
    flags.seconds(group, "--seconds", 0.0, "replay only this much of the recording; 0: all of it")
    group = parser.add_argument_group("limits")
    flags.share(group, "--min-answered", 0.95, "results again, of the frames with a result")
    flags.share(
        group,
        "--min-agreement",
        Thresholds().min_agreement,
        "agreement of results with those recorded",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command. Returns the exit status."""
    sessions = _sessions(options)
    target, _ = reach(flags.gateway(options))
    played = asyncio.run(play(sessions, target, options.speed))
    summary = summarize(played)
    measures = summary.measures(options.min_answered, options.min_agreement)
    print(text(summary, target.url, len(sessions), measures, played.failures))
    return OK if all(measure.held for measure in measures) else MISSED


def _sessions(options: argparse.Namespace) -> dict[str, list[RecordedFrame]]:
    """Return the frames to send, by session. Raises ``Unusable``."""
    try:
        sessions = read_sessions(options.path)
        for frames in sessions.values():
            check_results(frames)
    except RecordingError as error:
        raise Unusable(str(error)) from None
    if options.session is not None:
        sessions = {name: some for name, some in sessions.items() if name == options.session}
    if not sessions:
        where = f"session {options.session}" if options.session else "frame"
        raise Unusable(f"there is no {where} in {options.path}")
    if not options.seconds:
        return sessions
    end = min(frames[0].at for frames in sessions.values()) + options.seconds
    cut = {name: [frame for frame in some if frame.at < end] for name, some in sessions.items()}
    return {name: some for name, some in cut.items() if some}
