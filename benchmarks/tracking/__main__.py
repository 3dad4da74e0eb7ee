"""``python -m benchmarks.tracking``: the tables of docs/tracking.md, by rate or by scene."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.tracking.detector import Frame, record
from benchmarks.tracking.judge import Score, judge
from benchmarks.tracking.scenes import SCENES
from benchmarks.tracking.trackers_compared import TRACKERS

RATES = (30.0, 15.0, 10.0, 5.0)
DROPS = (0.0, 0.3, 0.6)


def main(arguments: Sequence[str]) -> None:
    """Compare the trackers, and print HOTA / IDF1 / id switches of each."""
    options = _parser().parse_args(arguments)
    print("| | dropped | " + " | ".join(options.trackers) + " |")
    print("|---|---|" + "---|" * len(options.trackers))
    switches: dict[float, Counter[str]] = {dropped: Counter() for dropped in DROPS}
    for label, scenes, rates in _rows(options.by):
        for dropped in DROPS:
            takes = [
                (_take(name, seed, rate, dropped, options.seconds), rate)
                for name in scenes
                for rate in rates
                for seed in options.seeds
            ]
            scores = {name: _score(name, takes) for name in options.trackers}
            switches[dropped].update({name: score.switches for name, score in scores.items()})
            _print(label, dropped, [_cell(score) for score in scores.values()])
    for dropped in DROPS:
        _print("id switches", dropped, [str(switches[dropped][n]) for n in options.trackers])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracking", description=__doc__)
    parser.add_argument("--by", choices=["rate", "scene"], default="rate", help="rows of the table")
    parser.add_argument("--seeds", type=_range, default=range(1, 4), metavar="FIRST-LAST")
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each scene")
    parser.add_argument("--trackers", nargs="*", default=list(TRACKERS), choices=list(TRACKERS))
    return parser


def _rows(by: str) -> Iterator[tuple[str, list[str], Sequence[float]]]:
    """Yield each row's label, scenes and frame rates."""
    if by == "scene":
        yield from ((name, [name], RATES) for name in SCENES)
    else:
        yield from ((f"{rate:g} fps", list(SCENES), [rate]) for rate in RATES)


def _take(name: str, seed: int, rate: float, dropped: float, seconds: float) -> list[Frame]:
    return record(SCENES[name](random.Random(seed)), seconds, rate, dropped, seed)


def _score(tracker: str, takes: Sequence[tuple[list[Frame], float]]) -> Score:
    run = TRACKERS[tracker]
    return judge([(frames, run(frames, rate)) for frames, rate in takes])


def _cell(score: Score) -> str:
    return f"{score.hota:.1f} / {score.idf1:.1f} / {score.switches}"


def _print(label: str, dropped: float, cells: Sequence[str]) -> None:
    print(f"| {label} | {dropped:.0%} | " + " | ".join(cells) + " |", flush=True)


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


if __name__ == "__main__":
    main(sys.argv[1:])
