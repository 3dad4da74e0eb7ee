"""The dashboard's figures beside the load tool's, with real servers.

``python -m tests.e2e.dashboard_figures`` puts three loads on a gateway, and compares what the page
computes from the gateway's samples (with the page's own code, in Node) with what ``framewire
loadtest cameras`` has seen of the same frames: how many had which outcome, results per second, the
ages of results, and frames per call. The exit status is 1 if one of them differs by more than 5 %.

Ages are the gateway's own in both: from a frame's arrival to its result. The load tool sees the
sizes of answered batches only, so frames per call are compared if nearly all frames are answered.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtest.measure import percentile
from loadtest.stack import ROOT, Stack, free_port

MOST = 0.05
FEW = 20
"""Outcomes of fewer frames are shown, but not compared."""
NEARLY_ALL = 0.98
LEAST_RESULTS = 300
"""With fewer, percentiles say nothing: the machine is too busy."""
SETTLE_S = 3.0
EDGE_S = 3
"""Samples at both ends of a load that do not count for rates: it begins and ends within them."""
TOO_BUSY = 3

_PAGE = """\
import { ages, framesBy, meanBatch, span } from '%s';
import { readFileSync } from 'node:fs';
const { samples, middle, bounds } = JSON.parse(readFileSync(0, 'utf8'));
const [p50, p95, p99] = ages(samples, bounds);
const [counts, counted, seconds] = [framesBy(samples), framesBy(middle).result, span(middle)];
const batch = meanBatch(samples);
console.log(JSON.stringify({ counts, counted, seconds, p50, p95, p99, batch }));
"""


@dataclass(frozen=True)
class Load:
    """Cameras, and the rate of each."""

    name: str
    sessions: int
    rate: float


LOADS = (Load("light", 16, 3.0), Load("heavy", 40, 3.0), Load("too heavy", 40, 10.0))


def compare(models: Path, seconds: float) -> bool:
    """Print all figures side by side. Returns whether they are equal enough."""
    admin = free_port()
    held = True
    with Stack(models, gateway_flags=(f"--admin={admin}",)) as stack:
        for load in LOADS:
            rows = _load(stack.port, load, seconds)
            drawn, middle_s = _drawn(admin)
            print(f"{load.name}: {load.sessions} cameras with {load.rate:g} frames/s", flush=True)
            seen = _seen(rows, middle_s)
            held = _print(drawn, seen) and held
            if seen["frames, result"] < LEAST_RESULTS:
                print(f"  fewer than {LEAST_RESULTS} results: the machine is too busy")
                held = False
    return held


def _load(port: int, load: Load, seconds: float) -> list[dict[str, str]]:
    """Run the load tool. Return its frames."""
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.csv"
        command = [sys.executable, "-m", "loadtest", "cameras", f"ws://127.0.0.1:{port}/ws"]
        command += [f"--sessions={load.sessions}", f"--rate={load.rate}", f"--seconds={seconds}"]
        command += [f"--csv={frames}", "--ignore-pace"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, TOO_BUSY):
            raise SystemExit(f"the load test ended with status {done.returncode}")
        if done.returncode == TOO_BUSY:
            print("the load generator was late: the machine is busy with other work")
        with frames.open(newline="") as file:
            return list(csv.DictReader(file))


def _seen(rows: Sequence[Mapping[str, str]], middle_s: float) -> dict[str, float]:
    """Return the load tool's figures. ``middle_s``: the span of the page's results per second."""
    results = [row for row in rows if row["outcome"] == "result"]
    ages = sorted(float(row["queue_ms"]) + float(row["inference_ms"]) for row in results)
    kinds = Counter(_kind(row["outcome"]) for row in rows)
    begin = min(float(row["sent_s"]) for row in rows if row["sent_s"]) + EDGE_S + 0.5
    middle = [row for row in results if 0 <= float(row["outcome_s"]) - begin < middle_s]
    return {
        **{f"frames, {kind}": count for kind, count in kinds.items() if kind},
        "results per second": len(middle) / middle_s,
        **{f"age in ms, p{share}": percentile(ages, share / 100) for share in (50, 95, 99)},
        "frames per call": statistics.harmonic_mean([int(row["batch"]) for row in results]),
    }


def _kind(outcome: str) -> str:
    """Return the dashboard's name of an outcome; empty if the frame never reached the gateway."""
    kind, _, reason = outcome.partition(" ")
    if kind in ("result", "error"):
        return kind
    known = reason if reason in ("superseded", "expired") else "other"
    return known if kind == "dropped" else ""


def _drawn(admin: int) -> tuple[dict[str, float], float]:
    """Return the figures as the page computes them from the samples of the last load.

    And the span of the samples in the middle, in seconds, which the results per second are of.
    """
    time.sleep(SETTLE_S)  # the last samples are yet to be taken
    samples, bounds = _samples(admin)
    samples = samples[_begin(samples) :]
    busy = [one for one in samples if one["outcomes"]]
    middle = busy[EDGE_S:-EDGE_S]
    page = _PAGE % (ROOT / "static" / "dashboard" / "series.js").as_uri()
    node = shutil.which("node")
    assert node is not None, "Node is not installed"
    done = subprocess.run(
        [node, "--input-type=module", "--eval", page],
        input=json.dumps({"samples": samples, "middle": middle, "bounds": bounds}),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    figures = {
        **{f"frames, {kind}": count for kind, count in found["counts"].items() if count},
        "results per second": found["counted"] / found["seconds"],
        **{f"age in ms, p{share}": found[f"p{share}"] for share in (50, 95, 99)},
        "frames per call": found["batch"],
    }
    return figures, found["seconds"]


def _begin(samples: Sequence[Mapping[str, Any]]) -> int:
    """Return where the last load begins: after the last sample without frames before it."""
    last = max(number for number, one in enumerate(samples) if one["outcomes"])
    idle = [number for number in range(last) if not samples[number]["outcomes"]]
    return idle[-1] + 1 if idle else 0


def _samples(admin: int) -> tuple[list[dict[str, Any]], list[float]]:
    samples: list[dict[str, Any]] = []
    since, following = 0, 1
    while since < following:
        url = f"http://127.0.0.1:{admin}/admin/figures?since={since}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = json.load(answer)
        samples += found["samples"]
        since = samples[-1]["n"] + 1 if samples else found["next"]
        following = found["next"]
    return samples, found["age_bounds_ms"]


def _print(drawn: Mapping[str, float], seen: Mapping[str, float]) -> bool:
    held = True
    print(f"  {'':22}{'dashboard':>10}{'load tool':>10}")
    for name in sorted({*drawn, *seen}):
        one, other = drawn.get(name, 0.0), seen.get(name, 0.0)
        off = abs(one / other - 1) if other else float(one != other)
        verdict = f"{off:.1%}" + ("" if off <= MOST else "  NOT EQUAL")
        if not _counts(name, max(one, other), seen):
            verdict = "not compared"
        print(f"  {name:22}{one:10.2f}{other:10.2f}  {verdict}", flush=True)
        held = held and "NOT" not in verdict
    return held


def _counts(name: str, value: float, seen: Mapping[str, float]) -> bool:
    """Return whether a figure is compared."""
    frames = {key: n for key, n in seen.items() if key.startswith("frames, ")}
    if name in frames:
        return value >= FEW
    answered = frames.get("frames, result", 0.0) >= NEARLY_ALL * sum(frames.values())
    return answered or name != "frames per call"


def main() -> int:
    """Compare. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.dashboard_figures")
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=40.0, metavar="N", help="of each load")
    options = parser.parse_args()
    return 0 if compare(options.models, options.seconds) else 1


if __name__ == "__main__":
    sys.exit(main())
