"""Releases that judge themselves, with real servers: figures of docs/export.md and operations.md.

``python -m tests.releases canaries``: versions that are worse on purpose, and one that is not, each
as a canary that ends by itself under 20 frames/s. ``python -m tests.releases shadow``: what a
shadow costs the users' frames; ``simulated``: the same on a clock of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.release import config
from export.release.config import ConfigFile
from loadtest import paced
from loadtest.camera import Frame
from loadtest.paced import Seen
from loadtest.pictures import camera_jpegs
from loadtest.stack import ROOT, SecondGateway, Stack
from tests.releases import planted, simulated

CAMERAS, RATE = 20, 1.0
STEPS = "25,50"
ALONE = "!"
"""After a kind: errors and age are judged alone, without a shadow."""
KINDS = ("swapped", "slow", "failing", "slow!", "failing!", "same")
LABELLED = "--allow_version_labels_for_unavailable_models"


@dataclass(frozen=True)
class Ended:
    """How a canary ended: seconds since the version had its label, and how many frames users
    got from it, of all."""

    seconds: float
    words: str
    candidates: int
    frames: int


class Repository:
    """A model repository with version 1, which is ``stable``, and the stack's flags for it."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.base = folder / "digits"
        self.source = max((models / "digits").glob("[0-9]*"), key=lambda path: int(path.name))
        self._file = ConfigFile(folder / "models.config")
        self.flags = (f"--model_config_file={self._file.path}", LABELLED)
        planted.write(self.source, self.base / "1", "same")
        self.label({"stable": 1})

    def label(self, labels: dict[str, int]) -> None:
        """Write the configuration, before the model server starts."""
        given = config.single("digits", str(self.base))
        self._file.write(config.changed(given, "digits", set(labels.values()), labels))

    def plant(self, number: int, kind: str) -> None:
        """Publish a version, in one rename."""
        hidden = self.base / f".{number}"
        command = ["tests.releases.planted", str(self.source), str(hidden), kind]
        subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
        hidden.rename(self.base / str(number))


def canaries(models: Path, kinds: Sequence[str]) -> None:
    """Release a version of each kind, and print how it went. ``slow!`` has no shadow."""
    flags = (f"--canary-steps={STEPS}", "--shadow=canary", "--shadow-share=1")
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder), models)
        with Stack(gateway_flags=flags, model_flags=repository.flags) as stack:
            for number, kind in enumerate(kinds, 2):
                shadow = not kind.endswith(ALONE)
                repository.plant(number, kind.rstrip(ALONE))
                ended = asyncio.run(_canary(stack, repository, number, shadow))
                print(
                    f"{kind}: {ended.seconds:.0f} s; users got {ended.candidates} of "
                    f"{ended.frames} frames from it; {ended.words}",
                    flush=True,
                )


async def _canary(stack: Stack, repository: Repository, number: int, shadow: bool) -> Ended:
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    cameras = await paced.connect(stack.port, frames, CAMERAS, RATE)
    where = [f"--base-path={repository.base}", f"--server=127.0.0.1:{stack.grpc_port}"]
    automatic = ["--auto", f"--gateway={stack.url}", f"--steps={STEPS}", "--promote"]
    automatic += ["--step-seconds=10", "--least=30", *([] if shadow else ["--no-shadow"])]
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", "19", sys.executable, "-m", "export", "canary", str(number)),
        *(*automatic, *where),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    labelled, words = time.perf_counter(), ""
    async for line in process.stdout:
        words = line.decode().strip()
        moved = words.split()
        if moved[:1] == ["canary"] and "none" not in moved:
            labelled = time.perf_counter()
    await process.wait()
    seconds = time.perf_counter() - labelled
    await asyncio.gather(*(camera.finish() for camera in cameras))
    for camera in cameras:
        camera.leave()
    seen = [frame for camera in cameras for frame in camera.seen]
    return Ended(seconds, words, sum(frame.version == number for frame in seen), len(seen))


def shadow_cost(models: Path, rounds: int, seconds: float) -> None:
    """Put the same load on a gateway with a shadow and one without, in turns; print their ages."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder), models)
        repository.plant(2, "swapped")
        repository.label({"stable": 1, "canary": 2})
        with (
            Stack(model_flags=repository.flags) as plain,
            SecondGateway(plain, "--shadow=canary", "--shadow-share=1") as shadowed,
        ):
            _compare(plain, shadowed, rounds, seconds)
            compared = [line for line in shadowed.get("metrics").splitlines() if "compared" in line]
            print(*compared, sep="\n")


def _compare(plain: Stack, shadowed: Stack, rounds: int, seconds: float) -> None:
    ages: dict[int, list[float]] = {plain.port: [], shadowed.port: []}
    ratios = []
    for number in range(-1, rounds):  # the first round warms up
        order = (plain, shadowed) if number % 2 else (shadowed, plain)
        seen = {one.port: _ages(asyncio.run(_load(one, seconds))) for one in order}
        if number >= 0:
            p99s = _p99(seen[plain.port]), _p99(seen[shadowed.port])
            ratios.append(p99s[1] / p99s[0])
            print(
                f"round {number + 1}: p99 {p99s[0]:.1f} ms, with a shadow {p99s[1]:.1f} ms",
                flush=True,
            )
            for port, measured in seen.items():
                ages[port] += measured
    for name, stack in (("without a shadow", plain), ("with a shadow", shadowed)):
        all_ages = ages[stack.port]
        p50 = statistics.median(all_ages)
        print(f"{name}: {len(all_ages)} frames, p50 {p50:.2f} ms, p99 {_p99(all_ages):.2f} ms")
    error = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else float("nan")
    whole = _p99(ages[shadowed.port]) / _p99(ages[plain.port]) - 1
    print(
        f"p99 with a shadow: {whole:+.1%} over all frames; "
        f"median of {len(ratios)} rounds {statistics.median(ratios) - 1:+.1%}, "
        f"standard error of their mean {error:.1%}"
    )


async def _load(stack: Stack, seconds: float) -> list[Seen]:
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    cameras = await paced.connect(stack.port, frames, CAMERAS, RATE)
    await asyncio.sleep(seconds)
    await asyncio.gather(*(camera.finish() for camera in cameras))
    for camera in cameras:
        camera.leave()
    return [frame for camera in cameras for frame in camera.seen]


def _ages(seen: Sequence[Seen]) -> list[float]:
    return [frame.ms for frame in seen if frame.outcome == "result"]


def _p99(ages: Sequence[float]) -> float:
    return sorted(ages)[len(ages) * 99 // 100]


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.releases", description=__doc__)
    parser.add_argument("what", choices=("canaries", "shadow", "simulated"))
    parser.add_argument("kinds", nargs="*", default=KINDS, metavar="KIND", help=" ".join(KINDS))
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=20, metavar="N")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="N")
    options = parser.parse_args()
    if options.what == "canaries":
        canaries(options.models, options.kinds)
    elif options.what == "simulated":
        simulated.table()
    else:
        shadow_cost(options.models, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
