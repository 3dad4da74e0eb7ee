"""``python -m benchmarks.field``: Framewire beside other servers, in one run on one machine."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.field import limit, page
from benchmarks.field.measurement import FULL, QUICK, Plan, measure
from benchmarks.field.results import Results, Row, from_json, now, to_json
from benchmarks.field.server import NotServing
from benchmarks.field.systems import ENVIRONMENT, SYSTEMS, System
from loadtest.cameras.fleet import WorkerDied
from loadtest.cameras.source import Picture
from loadtest.pictures import camera_jpegs
from loadtest.stack import ROOT

FOLDER = ROOT / "build" / "field"
RAW = FOLDER / "results.json"
PICTURES = 12
# Figures of a machine that does other work say nothing about servers.
BUSY = 0.5


def main(arguments: Sequence[str]) -> int:
    """Compare, and write the results. Returns the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers must end as well
    if options.publish is not None:
        return _publish(options.publish)
    model = newest_version(options.models / "digits")
    if model is None or not ENVIRONMENT.is_dir():
        print("the demo model or the other servers are missing; run: make compare", file=sys.stderr)
        return 2
    keys = options.systems or list(SYSTEMS)
    results = compare(keys, model, QUICK if options.quick else FULL)
    RAW.write_text(to_json(results), encoding="utf-8")
    print(f"all figures: {RAW.relative_to(ROOT)}\n{page.report(results)}")
    complete = not options.quick and set(keys) == set(SYSTEMS)
    return _publish(RAW) if complete else 0


def compare(keys: Sequence[str], model: Path, plan: Plan) -> Results:
    """Measure the direct calls and then each server."""
    started, busy = time.monotonic(), os.getloadavg()[0]
    if busy > BUSY:
        print(f"warning: this machine does other work as well: its load average is {busy:.1f}")
    jpegs = camera_jpegs(PICTURES)
    size_kb = statistics.mean(map(len, jpegs)) / 1000
    print("direct calls", flush=True)
    calls = limit.measure(model, jpegs, plan.direct_s, FOLDER / "direct.log")
    rows = [_row(key, SYSTEMS[key], model, jpegs, plan) for key in keys]
    pictures = f"{PICTURES} JPEGs of 640x480 and {size_kb:.0f} KB"
    command = "make compare" if plan is FULL else "python -m benchmarks.field --quick"
    took_s = time.monotonic() - started
    tensorflow = metadata.version("tensorflow")
    return Results(now(took_s, tensorflow, command, pictures, busy), calls, rows)


def _row(key: str, system: System, model: Path, jpegs: Sequence[bytes], plan: Plan) -> Row:
    print(f"{system.name} {system.version}", flush=True)
    pictures = [Picture("jpeg", jpeg) for jpeg in jpegs]
    try:
        measured = measure(system, model, pictures, plan, FOLDER / f"{key}.log")
    except (NotServing, WorkerDied) as error:  # the others are worth their time all the same
        print(f"  {error}", flush=True)
        return Row(key, system.name, system.version, system.does, None, str(error))
    print(f"  {measured}", flush=True)
    return Row(key, system.name, system.version, system.does, measured)


def _publish(raw: Path) -> int:
    text = raw.read_text(encoding="utf-8")
    for name in page.publish(from_json(text), text):
        print(f"written: {name}")
    return 0


def newest_version(folder: Path) -> Path | None:
    """Return the folder of a model's newest version; None if it has none."""
    versions = [path for path in folder.glob("*") if path.name.isdecimal()]
    return max(versions, key=lambda path: int(path.name), default=None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.field", description=__doc__)
    parser.add_argument(
        "systems",
        nargs="*",
        metavar="SYSTEM",
        type=_system,
        help=f"one of {', '.join(SYSTEMS)} (default: all of them)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="about 5 minutes; the documents are not written"
    )
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="FOLDER")
    parser.add_argument(
        "--publish", type=Path, metavar="FILE", help="only write the documents, from this JSON file"
    )
    return parser


def _system(name: str) -> str:
    if name not in SYSTEMS:
        raise argparse.ArgumentTypeError(f"{name} is not one of {', '.join(SYSTEMS)}")
    return name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
