"""Two workers compared with one: shares of the sessions, processor time and throughput.

Both gateways run all the time, before one model server that answers at once, and are loaded in
turn.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from loadtest import accounts, paced, reuseport
from loadtest.camera import Camera, Frame, address
from loadtest.pictures import camera_jpegs
from loadtest.stack import InstantStack, SecondGateway, Stack

SESSIONS = 64
WORKERS = 2
SEVERAL = f"--workers={WORKERS}"
# Of an equal share.
TOLERANCE = 0.2
# With one frame per call, a frame's cost does not depend on how many travel together.
SINGLE = "--max-batch=1"
RATE = 6.0
DECODING = ("--decode-threads=1", "--max-megapixels-per-s=0")
# Decoding such a picture takes a few milliseconds, far more than the rest of its way.
LARGE = (1920, 1080)
LARGE_SESSIONS = 32
HASHED_ROUNDS = 200
WARM_UP_S = 2.0


@dataclass(frozen=True)
class Measured:
    """One load on one gateway, after its warm-up.

    ``cpu_us``: processor time of all the gateway's processes per outcome, in microseconds.
    """

    frames_per_s: float
    mean_batch: float
    cpu_us: float


@dataclass(frozen=True)
class Load:
    """Cameras that send ``rate`` frames per second each; None: one frame after the other."""

    frames: Sequence[Frame]
    sessions: int
    rate: float | None = None


def run(seconds: float, rounds: int) -> bool:
    """Measure and print. Returns whether sessions spread as evenly as they should."""
    _print_hashed()
    pictures = camera_jpegs(12)
    shares = _passed_on([Frame(picture) for picture in pictures], seconds, rounds)
    _decoded([Frame(_enlarged(picture)) for picture in pictures], seconds, rounds)
    equal = SESSIONS / WORKERS
    return all(abs(share - equal) <= TOLERANCE * equal for share in shares)


def _passed_on(frames: Sequence[Frame], seconds: float, rounds: int) -> list[int]:
    """Compare the processor time of frames. Return how many sessions each worker has.

    It falls with the load of a process, because more frames share a turn of its loop, so one
    process also gets the load of one worker.
    """
    everyone, share = (Load(frames, n, RATE) for n in (SESSIONS, SESSIONS // WORKERS))
    with InstantStack("pictures", SINGLE) as one, SecondGateway(one, SINGLE, SEVERAL) as two:
        shares = asyncio.run(_shares(two, everyone))
        print(f"{SESSIONS} sessions on {WORKERS} workers: {' + '.join(map(str, shares))}")
        cases = {
            f"1 process, {SESSIONS} sessions": (one, everyone),
            f"1 process, {SESSIONS // WORKERS} sessions": (one, share),
            f"{WORKERS} workers, {SESSIONS} sessions": (two, everyone),
        }
        _compare("pictures passed on", cases, seconds, rounds)
    return shares


def _decoded(frames: Sequence[Frame], seconds: float, rounds: int) -> None:
    """Compare the throughput where one thread decodes large pictures."""
    load = Load(frames, LARGE_SESSIONS)
    with InstantStack("pixels", *DECODING) as one, SecondGateway(one, *DECODING, SEVERAL) as two:
        cases = {"1 process": (one, load), f"{WORKERS} workers": (two, load)}
        _compare(f"pictures decoded, {LARGE_SESSIONS} sessions", cases, seconds, rounds)


def _print_hashed() -> None:
    for sockets in (WORKERS, 2 * WORKERS):
        even = reuseport.even_rounds(sockets, SESSIONS, TOLERANCE, HASHED_ROUNDS)
        print(
            f"SO_REUSEPORT, {SESSIONS} connections on {sockets} sockets: all within "
            f"{TOLERANCE:.0%} of an equal share in {even:.0%} of {HASHED_ROUNDS} rounds"
        )


async def _shares(stack: Stack, load: Load) -> list[int]:
    """Open sessions, and return how many each worker has."""
    cameras = await _connect(stack, load)
    figures = await _metrics(stack)
    _leave(cameras)
    return [int(figures[f"framewire_worker_sessions {number}"]) for number in range(WORKERS)]


def _compare(
    title: str, cases: Mapping[str, tuple[Stack, Load]], seconds: float, rounds: int
) -> None:
    """Measure all cases in turn; print each round, and the last case compared with the others."""
    measured: dict[str, list[Measured]] = {name: [] for name in cases}
    for number in range(rounds):
        print(f"{title}, round {number + 1}:")
        for name, (stack, load) in cases.items():
            result = asyncio.run(_measure(stack, load, seconds))
            measured[name].append(result)
            print(
                f"  {name}: {result.frames_per_s:.0f} frames/s, batch {result.mean_batch:.1f}, "
                f"{result.cpu_us:.0f} us of the gateway per frame"
            )
    *others, last = measured
    for other in others:
        pairs = list(zip(measured[last], measured[other], strict=True))
        faster = statistics.median(a.frames_per_s / b.frames_per_s for a, b in pairs)
        dearer = statistics.median(a.cpu_us / b.cpu_us for a, b in pairs)
        print(f"{last} / {other}: {faster:.2f} frames/s, {dearer:.2f} time per frame")


async def _measure(stack: Stack, load: Load, seconds: float) -> Measured:
    cameras = await _connect(stack, load)
    await asyncio.sleep(WARM_UP_S)
    for camera in cameras:
        camera.outcomes.clear()
        camera.batches.clear()
    before_s, started = await _cpu_s(stack), time.perf_counter()
    await asyncio.sleep(seconds)
    outcomes = sum(camera.outcomes.total() for camera in cameras)
    batches = [size for camera in cameras for size in camera.batches]
    used_s, elapsed_s = await _cpu_s(stack) - before_s, time.perf_counter() - started
    _leave(cameras)
    calls = sum(1 / size for size in batches)  # every frame has the size of its batch
    return Measured(
        len(batches) / elapsed_s, len(batches) / max(1.0, calls), used_s * 1e6 / max(1, outcomes)
    )


async def _connect(stack: Stack, load: Load) -> Sequence[Camera]:
    if load.rate is not None:
        return await paced.connect(stack.port, load.frames, load.sessions, load.rate)
    loop, cameras = asyncio.get_running_loop(), []
    for number in range(load.sessions):
        _, camera = await loop.create_connection(
            lambda: Camera(load.frames), "127.0.0.1", stack.port, local_addr=address(number)
        )
        await camera.opened()
        cameras.append(camera)
    return cameras


def _leave(cameras: Sequence[Camera]) -> None:
    for camera in cameras:
        camera.leave()


async def _metrics(stack: Stack) -> dict[str, float]:
    return await asyncio.get_running_loop().run_in_executor(None, accounts.metrics, stack.get)


async def _cpu_s(stack: Stack) -> float:
    """Return the processor time of all processes of a gateway."""
    figures = (await _metrics(stack)).items()
    return sum(value for name, value in figures if name.startswith("process_cpu_seconds_total"))


def _enlarged(picture: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).resize(LARGE).save(out, "JPEG", quality=90)
    return out.getvalue()
