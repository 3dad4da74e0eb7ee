"""``loadtest replay URL FILE``: send recorded sessions again, and compare the outcomes."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path
from typing import Any

from framewire.agreement import Thresholds
from framewire.recording import RecordedFrame, RecordingError, read_sessions
from loadtest.cameras import flags
from loadtest.cameras.interrupt import Interrupted
from loadtest.cameras.load import reach
from loadtest.cameras.report import INTERRUPTED, MISSED, OK
from loadtest.cameras.target import Target, Unusable
from loadtest.replay.player import Run, play
from loadtest.replay.summary import check_results, summarize
from loadtest.replay.text import counted, text

_DESCRIPTION = """\
Send the frames of a recording again, byte for byte, each in its session and at its time. Compare
what becomes of them with the record: outcomes, ages, and how far the answers agree.
"""
_EXAMPLES = """\
exit status:
  0   the results are within the limits
  1   a limit was exceeded
  2   there is nothing to replay, or no gateway that takes it; the message says why
  130 Ctrl-C ended the replay early; what was due until then is compared

examples:
  %(prog)s ws://127.0.0.1:8888/ws record/
  %(prog)s ws://127.0.0.1:8888/ws camera.fwrec --label canary --min-agreement 0.98
  %(prog)s wss://example.org/ws record/ --token @token.txt --seconds 60 --speed 2
"""


_SESSIONS_SHOWN = 10


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
    flags.add_gateway(parser, "as recorded", "as recorded")
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
    print(_announcement(sessions, options.speed), flush=True)
    played = asyncio.run(_play(sessions, target, options.speed))
    if not played.frames:
        raise Interrupted("stopped before any frame was sent")
    summary = summarize(played)
    measures = summary.measures(options.min_answered, options.min_agreement)
    print(text(summary, target.url, len(sessions), measures, played.failures))
    if played.stopped:
        return INTERRUPTED
    return OK if all(measure.held for measure in measures) else MISSED


async def _play(sessions: dict[str, list[RecordedFrame]], target: Target, speed: float) -> Run:
    """Play until the end, or until Ctrl-C; a second Ctrl-C ends the program."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def on_signal() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    loop.add_signal_handler(signal.SIGINT, on_signal)
    return await play(sessions, target, speed, stop)


def _announcement(sessions: dict[str, list[RecordedFrame]], speed: float) -> str:
    times = [frame.at for frames in sessions.values() for frame in frames]
    seconds = (max(times) - min(times)) / speed
    what = f"{counted(len(times), 'frame')} of {counted(len(sessions), 'session')}"
    return f"sending {what} in {seconds:.1f} s"


def _sessions(options: argparse.Namespace) -> dict[str, list[RecordedFrame]]:
    """Return the frames to send, by session. Raises ``Unusable``."""
    try:
        sessions = read_sessions(options.path)
        for frames in sessions.values():
            check_results(frames)
    except RecordingError as error:
        raise Unusable(str(error)) from None
    known = list(sessions)
    if options.session is not None:
        sessions = {name: some for name, some in sessions.items() if name == options.session}
    if not sessions:
        raise Unusable(_nothing(options, known))
    if not options.seconds:
        return sessions
    end = min(frames[0].at for frames in sessions.values()) + options.seconds
    cut = {name: [frame for frame in some if frame.at < end] for name, some in sessions.items()}
    return {name: some for name, some in cut.items() if some}


def _nothing(options: argparse.Namespace, known: list[str]) -> str:
    if options.session is None or not known:
        return f"there is no frame in {options.path}"
    names = ", ".join(known[:_SESSIONS_SHOWN]) + (", ..." if len(known) > _SESSIONS_SHOWN else "")
    return f"there is no session {options.session} in {options.path}; choose from {names}"
