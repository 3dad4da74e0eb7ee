"""Releases that judge themselves, with real servers: figures of docs/export.md and operations.md.

``python -m tests.releases canaries``: versions that are worse on purpose, and one that is not, each
as an automatic canary under 20 frames/s. ``python -m tests.releases shadow``: what a
shadow costs the users' frames; ``simulated``: the same on a clock of its own.
"""

from __future__ import annotations

import argparse
import asyncio
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
from loadtest.pictures import camera_jpegs
from loadtest.stack import ROOT, Stack
from tests.releases import cost, planted, simulated
from tests.releases.cost import SteadyGateway

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


def shadow_cost(models: Path, rounds: int, seconds: float) -> bool:
    """Measure what a shadow costs users. Returns False if it is too much, or not clear."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder), models)
        repository.plant(2, "swapped")
        repository.label({"stable": 1, "canary": 2})
        calls = Path(folder) / "calls"
        with (
            Stack(model_flags=repository.flags) as plain,
            SteadyGateway(plain, calls, "--shadow=canary", "--shadow-share=1") as shadowed,
        ):
            held = cost.measure(plain, shadowed, rounds, seconds)
            lines = shadowed.get("metrics").splitlines()
            print(*(line for line in lines if 'outcome="compared"' in line), sep="\n")
            return held


def main() -> int:
    """Run what is asked for. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.releases", description=__doc__)
    parser.add_argument("what", choices=("canaries", "shadow", "simulated"))
    parser.add_argument("kinds", nargs="*", default=KINDS, metavar="KIND", help=" ".join(KINDS))
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=45, metavar="N", help="at most, of a shadow")
    parser.add_argument("--seconds", type=float, default=10.0, metavar="N")
    options = parser.parse_args()
    if options.what == "canaries":
        canaries(options.models, options.kinds)
    elif options.what == "simulated":
        simulated.table()
    else:
        return 0 if shadow_cost(options.models, options.rounds, options.seconds) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
