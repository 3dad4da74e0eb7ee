"""``python -m benchmarks.micro``: time steps of a frame's way, and compare with the baseline."""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks.micro import baseline
from benchmarks.micro.steps import STEPS, Step
from benchmarks.micro.timing import ratio
from server.allocator import keep_freed_memory

# A step that seems slower is timed again, and its least ratio counts.
ATTEMPTS = 4
UPDATES = 7


def main(arguments: Sequence[str]) -> int:
    """Compare or update. Returns the exit status: 1 if a step has become slower."""
    options = _parser().parse_args(arguments)
    keep_freed_memory()  # as the gateway does
    steps = {name: prepare() for name, prepare in STEPS.items()}
    if options.update:
        baseline.store(_medians(steps))
    base = baseline.stored()
    if base is None:
        print(f"no baseline for Python {baseline.kind()}; store one with --update")
        return 0
    ratios, slow = measured(steps, base)
    for name, value in ratios.items():
        change = value / base.get(name, value)
        verdict = "  SLOWER" if name in slow else ""
        print(f"{name:<12} {value:6.3f} of the loop, {change:5.2f} of the baseline{verdict}")
    if slow:
        print(
            f"slower by {baseline.SLOWER:g} or more: {', '.join(slow)}. If that is intended, or "
            "the processor is unlike others of its maker: python -m benchmarks.micro --update"
        )
    return 1 if slow else 0


def measured(
    steps: Mapping[str, Step],
    base: Mapping[str, float],
    measure: Callable[[Step], float] = ratio,
) -> tuple[dict[str, float], list[str]]:
    """Return the ratio of each step, and which are slower whenever they are timed."""
    ratios = {name: measure(step) for name, step in steps.items()}
    slow = baseline.slower(ratios, base)
    for _ in range(ATTEMPTS - 1):
        for name in slow:
            ratios[name] = min(ratios[name], measure(steps[name]))
        slow = baseline.slower(ratios, base)
    return ratios, slow


def _medians(steps: Mapping[str, Step]) -> dict[str, float]:
    runs = [{name: ratio(step) for name, step in steps.items()} for _ in range(UPDATES)]
    return {name: statistics.median(run[name] for run in runs) for name in steps}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro", description=__doc__)
    parser.add_argument(
        "--update", action="store_true", help="store the ratios of this machine as the baseline"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
