"""``python -m tests.capacity``: the simulated tables of docs/capacity.md."""

from __future__ import annotations

from tests.capacity.fleet import CALLS, Observed, observe

LOADS = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SHAPES = ((1, 1), (1, 8), (2, 8), (4, 8), (8, 8))
SHARED_LOADS = (0.5, 0.7, 0.9)
RUNS = (None, 3)
"""TensorFlow Serving runs all calls at once, the embedded model server three on two cores."""


def main() -> None:
    """Print the tables."""
    _print_loads()
    for runs in RUNS:
        print()
        _print_shared(runs)


def _print_loads() -> None:
    _print_row("load", "CPU time of the model servers", "frames per call", "p50", "p99")
    _print_row(*["---"] * 5)
    for load in LOADS:
        seen = observe(1, 2, load)
        ages = f"{seen.p50_ms:.0f} ms", f"{seen.p99_ms:.0f} ms"
        _print_row(f"{load:.0%}", f"{seen.busy:.0%}", f"{seen.mean_batch:.1f}", *ages)


def _print_shared(runs: int | None) -> None:
    _print_row(
        "gateways", "model servers", "`max_calls`", *(f"{load:.0%}" for load in SHARED_LOADS)
    )
    _print_row(*["---"] * (3 + len(SHARED_LOADS)))
    for gateways, servers in SHAPES:
        fewer = -(-CALLS // gateways)
        for max_calls in (256, fewer) if gateways > 1 else (256,):
            seen_at = (observe(gateways, servers, at, max_calls, runs) for at in SHARED_LOADS)
            _print_row(str(gateways), str(servers), str(max_calls), *map(_cell, seen_at))


def _print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _cell(seen: Observed) -> str:
    return f"{seen.answered:.1%}, {seen.p99_ms:.0f} ms"


if __name__ == "__main__":
    main()
