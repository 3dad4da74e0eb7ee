"""Publish, promote and roll back versions under live traffic: what do the cameras notice?

The commands are those of an operator, as processes of their own. They run at the lowest priority,
because in production they would run on another machine than the servers.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.release import config
from export.release.config import ConfigFile
from loadtest import paced
from loadtest.camera import Frame
from loadtest.measure import counted, percentile
from loadtest.paced import PacedCamera, Seen
from loadtest.pictures import camera_jpegs
from loadtest.stack import ROOT, Stack

_COMMAND_S = 60.0
_PAUSE_S = 0.5


@dataclass(frozen=True)
class Move:
    """The label moved between ``begun`` and ``done`` (``time.perf_counter`` seconds)."""

    begun: float
    done: float
    version: int


@dataclass(frozen=True)
class Swaps:
    """What the cameras observed before and during the swaps, and how long the commands took."""

    before: Sequence[Seen]
    during: Sequence[Seen]
    moves: Sequence[Move]
    promote_s: Sequence[float]
    rollback_s: Sequence[float]

    @property
    def errors(self) -> list[Seen]:
        """Frames that got an error."""
        expected = {"result", "superseded", "expired", "overtaken"}
        return [seen for seen in (*self.before, *self.during) if seen.outcome not in expected]

    @property
    def wrong(self) -> list[Seen]:
        """Results of a version that the label did not point to at any time in between."""
        return [
            seen
            for seen in (*self.before, *self.during)
            if seen.outcome == "result"
            and seen.version not in self._versions(seen.sent, seen.answered)
        ]

    def _versions(self, since: float, until: float) -> set[int]:
        """Return every version that the label may have pointed to in between."""
        possible = {1}
        for move in self.moves:
            if move.done < since:
                possible = {move.version}
            elif move.begun <= until:
                possible.add(move.version)
        return possible


def run(models: Path, sessions: int, swaps: int, rate: float, seconds: float) -> Swaps:
    """Swap ``swaps`` times under the load of ``sessions`` cameras with ``rate`` frames per second
    each, after ``seconds`` of the same load without swaps. ``models`` holds ``digits``."""
    frames = [Frame(picture) for picture in camera_jpegs(12)]
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "digits"
        file = ConfigFile(Path(folder) / "models.config")
        source = max((models / "digits").glob("[0-9]*"), key=lambda path: int(path.name))
        shutil.copytree(source, base / "1")
        given = config.single("digits", str(base))
        file.write(config.changed(given, "digits", {1}, {"stable": 1}))
        flags = (
            f"--model_config_file={file.path}",
            "--allow_version_labels_for_unavailable_models",
        )
        with Stack(model_flags=flags) as stack:
            operator = _Operator(base, source, stack.grpc_port)
            return asyncio.run(_run(stack.port, operator, frames, sessions, swaps, rate, seconds))


async def _run(
    port: int,
    operator: _Operator,
    frames: Sequence[Frame],
    sessions: int,
    swaps: int,
    rate: float,
    seconds: float,
) -> Swaps:
    cameras = await paced.connect(port, frames, sessions, rate)
    await asyncio.sleep(_PAUSE_S)
    quiet_from = time.perf_counter()
    await asyncio.sleep(seconds)
    quiet_until = time.perf_counter()
    spans = []
    for number in range(swaps):
        begun = time.perf_counter()
        await operator.swap(number + 2)
        spans.append((begun, time.perf_counter()))
        await asyncio.sleep(_PAUSE_S)
    seen = await _finish(cameras)
    return Swaps(
        [frame for frame in seen if quiet_from <= frame.sent < quiet_until],
        [frame for frame in seen if any(begun <= frame.sent < done for begun, done in spans)],
        operator.moves,
        operator.promote_s,
        operator.rollback_s,
    )


async def _finish(cameras: Sequence[PacedCamera]) -> list[Seen]:
    await asyncio.wait_for(asyncio.gather(*(camera.finish() for camera in cameras)), 10)
    for camera in cameras:
        camera.leave()
    return [frame for camera in cameras for frame in camera.seen]


class _Operator:
    """Runs the commands that an operator would type."""

    def __init__(self, base: Path, source: Path, grpc_port: int) -> None:
        self.moves: list[Move] = []
        self.promote_s: list[float] = []
        self.rollback_s: list[float] = []
        self._base = base
        self._source = source
        self._where = [f"--base-path={base}", f"--server=127.0.0.1:{grpc_port}"]

    async def swap(self, number: int) -> None:
        """Publish version ``number``, promote it, roll it back, and prune old versions."""
        await self._run("publish", str(self._source), str(self._base), f"--version={number}")
        self.promote_s.append(await self._move(number, "promote", str(number)))
        await asyncio.sleep(_PAUSE_S)
        self.rollback_s.append(await self._move(1, "rollback"))
        await self._run("prune", "--keep=2", *self._where)

    async def _move(self, version: int, *words: str) -> float:
        begun = time.perf_counter()
        await self._run(*words, *self._where)
        done = time.perf_counter()
        self.moves.append(Move(begun, done, version))
        return done - begun

    async def _run(self, *words: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *("nice", "-n", "19", sys.executable, "-m", "export", *words),
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
        )
        status = await asyncio.wait_for(process.wait(), _COMMAND_S)
        if status:
            raise RuntimeError(f"`{' '.join(words)}` exited with status {status}")


def report(swaps: Swaps, sessions: int, rate: float) -> bool:
    """Print the figures. Returns whether no frame got an error or a wrong version's result."""
    print(
        f"{sessions} sessions with {rate:g} frames/s each, {len(swaps.promote_s)} swaps: publish,"
    )
    print("promote and rollback, by the commands of `framewire export`")
    for name, seen in (("before", swaps.before), ("during", swaps.during)):
        ages = [frame.ms for frame in seen if frame.outcome == "result"]
        p50, p99, most = (percentile(ages, share) for share in (0.5, 0.99, 1.0))
        outcomes = counted(Counter(frame.outcome for frame in seen))
        print(f"  {name}: p50 {p50:5.1f} ms, p99 {p99:6.1f} ms, max {most:6.1f} ms; {outcomes}")
    for name, took in (("promote", swaps.promote_s), ("rollback", swaps.rollback_s)):
        print(
            f"  {name}: {min(took):.2f} to {max(took):.2f} s, including the startup of the command"
        )
    versions = {frame.version for frame in swaps.during if frame.outcome == "result"}
    print(f"  versions that answered: {len(versions)}")
    print(f"  frames with an error: {len(swaps.errors)}")
    print(f"  results of a version that the label did not point to: {len(swaps.wrong)}")
    return not swaps.errors and not swaps.wrong
