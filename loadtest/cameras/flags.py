"""The flags of the commands that put cameras on a gateway, and their values."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from framewire import textfile
from loadtest.cameras import fleet, objective, source, target
from loadtest.cameras.effort import MAX_LAG_MS
from loadtest.cameras.objective import FIGURES, Objective
from loadtest.cameras.profile import Profile
from loadtest.cameras.source import Picture
from loadtest.cameras.target import Target, Unusable

_LARGEST_SIDE = 8192
MOST_CAMERAS = 100_000
"""Each takes a socket, and a few kB of memory in the load generator."""
MOST_FRAMES_PER_S = 100_000.0
MOST_S = 1e9

OBJECTIVES = "objectives:\n" + "\n".join(
    f"  {name:<14}{figure.meaning}" for name, figure in FIGURES.items()
)


def add_gateway(
    parser: argparse.ArgumentParser, default: str = "the gateway's", then: str = "none"
) -> None:
    """Add the URL, and how to connect to it.

    ``default`` and ``then``: which model and second model sessions ask for without the flags.
    """
    parser.add_argument("url", metavar="URL", help="the gateway, such as ws://127.0.0.1:8888/ws")
    group = parser.add_argument_group("the gateway")
    group.add_argument("--token", metavar="TOKEN", help="token, or @FILE with the token in it")
    group.add_argument("--ca", metavar="FILE", help="certificates to trust, in PEM")
    group.add_argument("--model", metavar="NAME", help=f"model (default: {default})")
    group.add_argument("--label", metavar="LABEL", help=f"version label (default: {default})")
    group.add_argument(
        "--then", metavar="NAME", help=f"second model, for the boxes (default: {then})"
    )


def add_load(
    parser: argparse.ArgumentParser, sessions: tuple[int, str], length_s: tuple[float, str]
) -> argparse._ArgumentGroup:
    """Add what the cameras do. Returns the group of flags.

    ``sessions`` and ``length_s`` are the defaults of ``--sessions`` and ``--seconds``, and what
    these mean.
    """
    group = parser.add_argument_group("the load")
    count(group, "--sessions", *sessions)
    seconds(group, "--seconds", *length_s, positive)
    group.add_argument(
        "--rate",
        type=_frames_per_s,
        default=15.0,
        metavar="F",
        help="frames per second of each camera (default: %(default)g)",
    )
    seconds(group, "--ramp", 1.0, "time within which the cameras join")
    seconds(group, "--warm-up", 2.0, "time after that whose frames do not count")
    group.add_argument(
        "--arrivals",
        choices=("constant", "poisson"),
        default="constant",
        help="intervals between a camera's frames: equal or exponential (default: %(default)s)",
    )
    share(group, "--jitter", 0.1, "deviation of constant arrivals, as a fraction of the interval")
    group.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed of all that is random (default: 1)"
    )
    _add_behaviour(group)
    return group


def _add_behaviour(group: argparse._ArgumentGroup) -> None:
    """Add what differs from a good client with a good uplink."""
    group.add_argument(
        "--ignore-window",
        action="store_true",
        help="send frames however many are unanswered; good clients do not",
    )
    group.add_argument(
        "--ignore-pace",
        action="store_true",
        help="ignore the rate that the gateway advises; good clients do not",
    )
    group.add_argument(
        "--uplink",
        type=positive,
        default=math.inf,
        metavar="MBIT/S",
        help="bandwidth of each camera (default: unlimited)",
    )
    share(group, "--slow-readers", 0.0, "fraction of cameras that keep pausing to read for 2 s")
    share(group, "--disconnecting", 0.0, "fraction of cameras that disconnect every 3 s or so")


def add_pictures(parser: argparse.ArgumentParser) -> None:
    """Add what the frames show."""
    group = parser.add_argument_group("the pictures").add_mutually_exclusive_group()
    group.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="send the JPEG, PNG and WebP files of FOLDER",
    )
    group.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help=f"send the first {source.MAX_VIDEO_FRAMES} frames of a video; needs the extra av",
    )
    group.add_argument(
        "--sizes",
        type=_sizes,
        default=((640, 480),),
        metavar="WxH,...",
        help="render scenes of printed digits in these sizes (default: 640x480)",
    )


def add_generator(parser: argparse.ArgumentParser) -> None:
    """Add what concerns the load generator itself."""
    group = parser.add_argument_group("the load generator")
    group.add_argument("--processes", type=count_of, metavar="N", help="default: as many as needed")
    group.add_argument(
        "--max-lag-ms",
        type=positive,
        default=MAX_LAG_MS,
        metavar="MS",
        help="most that its event loop may be late (p99) if figures are to count (default: 20)",
    )


def add_objective(group: argparse._ArgumentGroup, default: str = "") -> None:
    """Add what the load must meet."""
    group.add_argument(
        "--objective",
        type=_objectives,
        default=_objectives(default) if default else (),
        metavar="NAME=VALUE,...",
        help="what must be met" + (f" (default: {default})" if default else "; see below"),
    )


def count(group: argparse._ArgumentGroup, flag: str, default: int, meaning: str) -> None:
    """Add a flag for a number of cameras."""
    text = f"{meaning} (default: {default})"
    group.add_argument(flag, type=_cameras, default=default, metavar="N", help=text)


def seconds(
    group: argparse._ArgumentGroup,
    flag: str,
    default: float,
    meaning: str,
    kind: Callable[[str], float] | None = None,
) -> None:
    """Add a flag for a duration; ``kind`` parses it, by default a number from 0 on."""
    text = f"{meaning} (default: {default:g})"
    group.add_argument(flag, type=kind or _not_negative, default=default, metavar="S", help=text)


def share(group: argparse._ArgumentGroup, flag: str, default: float, meaning: str) -> None:
    """Add a flag for a fraction."""
    group.add_argument(
        flag,
        type=_fraction,
        default=default,
        metavar="0..1",
        help=f"{meaning} (default: {default:g})",
    )


def factor(group: argparse._ArgumentGroup, flag: str, default: float, meaning: str) -> None:
    """Add a flag for a positive factor."""
    text = f"{meaning} (default: {default:g})"
    group.add_argument(flag, type=positive, default=default, metavar="X", help=text)


def check_length(options: argparse.Namespace) -> None:
    """Check that every camera captures a frame that counts. Raises :class:`Unusable`."""
    closed = getattr(options, "closed", False)
    if not closed and options.seconds * options.rate < 1:
        raise Unusable(
            f"--seconds {options.seconds:g} is too short: with --rate {options.rate:g}, a camera "
            f"captures a frame every {1 / options.rate:.3g} s"
        )


def profile(options: argparse.Namespace, sessions: int, seconds: float) -> Profile:
    """Return the load that the flags describe."""
    return Profile(
        sessions,
        options.rate,
        seconds,
        ramp_s=options.ramp,
        warm_up_s=options.warm_up,
        jitter=options.jitter,
        poisson=options.arrivals == "poisson",
        closed=getattr(options, "closed", False),
        obeys_window=not options.ignore_window,
        obeys_pace=not options.ignore_pace,
        uplink_mbit_s=options.uplink,
        slow_readers=options.slow_readers,
        disconnecting=options.disconnecting,
        seed=options.seed,
    )


def gateway(options: argparse.Namespace) -> Target:
    """Return the gateway that the flags describe. Raises :class:`Unusable`."""
    return replace(
        target.parse(options.url),
        token=_token(options.token),
        ca=options.ca,
        model=options.model,
        label=options.label,
        then=options.then,
    )


def pictures(options: argparse.Namespace) -> list[Picture]:
    """Return the pictures that the flags describe. Raises ``SourceError``."""
    if options.pictures:
        return source.of_folder(options.pictures)
    if options.video:
        return source.of_video(options.video)
    return source.rendered(options.sizes)


def processes(options: argparse.Namespace, load: Profile) -> int:
    """Return how many processes the load gets."""
    return min(options.processes or fleet.processes(load), load.sessions)


def _token(text: str | None) -> str | None:
    token = _stored(text[1:]) if text is not None and text.startswith("@") else text
    if token is not None and not (token.isascii() and token.isprintable()):
        raise Unusable("a token is one line of ASCII; is this another file?")
    return token


def _stored(path: str) -> str:
    try:
        token = textfile.read(path).strip()
    except OSError as error:
        raise Unusable(f"cannot read the token in {path}: {error.strerror}") from None
    except ValueError as error:
        raise Unusable(f"{path} has no token in it: {error}") from None
    if not token:
        raise Unusable(f"{path} has no token in it: it is empty")
    return token


def count_of(text: str) -> int:
    """Parse a number of things."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive integer")
    return int(text)


def _cameras(text: str) -> int:
    if count_of(text) > MOST_CAMERAS:
        raise argparse.ArgumentTypeError(f"{text} is more than {MOST_CAMERAS}")
    return int(text)


def _not_negative(text: str) -> float:
    return _number(text, 0.0, MOST_S, "a number from 0 on")


def positive(text: str) -> float:
    """Parse a number above 0."""
    return _number(text, 1e-3, MOST_S, "a positive number")


def _frames_per_s(text: str) -> float:
    return _number(text, 1e-3, MOST_FRAMES_PER_S, "a positive number")


def _fraction(text: str) -> float:
    return _number(text, 0.0, 1.0, "between 0 and 1")


def _number(text: str, least: float, most: float, what: str) -> float:
    """Parse a number. ``what`` says which are meant, but for those that are far off."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        if most < value or 0 < value < least:
            what = f"between {least:.10g} and {most:.10g}"
        raise argparse.ArgumentTypeError(f"{text} is not {what}")
    return value


def _sizes(text: str) -> tuple[tuple[int, int], ...]:
    try:
        sizes = [tuple(map(int, size.split("x"))) for size in text.split(",")]
    except ValueError:
        sizes = []
    pairs = tuple((size[0], size[1]) for size in sizes if len(size) == 2)
    sides = [side for pair in pairs for side in pair]
    if not pairs or len(pairs) != len(sizes) or min(sides) < 16 or max(sides) > _LARGEST_SIDE:
        raise argparse.ArgumentTypeError(
            f"{text} is not a list of sizes such as 640x480,1280x720, with 16 to {_LARGEST_SIDE} "
            "pixels a side"
        )
    return pairs


def _objectives(text: str) -> tuple[Objective, ...]:
    try:
        return objective.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
