"""One camera with 60 frames per second among fifteen with 5, at saturation."""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from demomodel import scenes
from loadtest import accounts, paced
from loadtest.camera import Frame
from loadtest.measure import Measure, percentile
from loadtest.reliability import honest
from loadtest.reliability.gauge import Gauge
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

SLOW, SLOW_RATE = 15, 5.0
FAST_RATE = 60.0
# Progressive pictures, one per call, so that 135 per second are twice what can be answered. The
# gateway's own limit on their cost is off, because it would throttle the fast camera first.
PICTURE = (880, 660)
FLAGS = ("--max-megapixels-per-s=0", "--max-calls=1", "--max-batch=1")


@dataclass(frozen=True)
class Size:
    """How long the cameras are observed."""

    seconds: float


FULL = Size(60.0)
QUICK = Size(6.0)


def run(stack: Stack, size: Size) -> Result:
    """Compare what each slow camera gets with its max-min fair share of what was answered."""
    stack.restart_gateway(*FLAGS)
    slow, fast, gauge = asyncio.run(_run(stack, _pictures(), size))
    answered = sum(seen.per_s for seen in (*slow, fast))
    demands = [seen.due / seen.seconds for seen in (*slow, fast)]
    *fair, fair_fast = fair_shares(demands, answered)
    shares = [seen.per_s / share for seen, share in zip(slow, fair, strict=True)]
    measures = [
        Measure("offered / answered (saturation)", sum(demands) / answered, 1.1, at_least=True),
        Measure("least of the slow cameras / fair share", min(shares), 0.95, at_least=True),
        balance(accounts.settled(stack.get)),
    ]
    note = (
        f"answered {answered:.0f} of {sum(demands):.0f} frames/s offered; slow cameras: median "
        f"{percentile(shares, 0.5):.2f} of their fair share, the fast one "
        f"{fast.per_s / fair_fast:.2f}; {gauge.processors()}"
    )
    return Result("fairness", measures, [note])


def fair_shares(demands: Sequence[float], capacity: float) -> list[float]:
    """Return the max-min fair share of each demand: nobody gets more than it asks for, and what
    is left is divided evenly among the others."""
    shares = [0.0] * len(demands)
    ordered = sorted(range(len(demands)), key=lambda place: demands[place])
    for rank, place in enumerate(ordered):
        shares[place] = min(demands[place], capacity / (len(demands) - rank))
        capacity -= shares[place]
    return shares


def _pictures() -> list[Frame]:
    """Return pictures that take about 15 ms of CPU time to decode."""
    noise = Image.effect_noise(PICTURE, 60).convert("RGB")
    frames = []
    for number in range(4):
        picture = Image.blend(scenes.render((9, number), PICTURE).picture, noise, 0.3)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=95, progressive=True)
        frames.append(Frame(buffer.getvalue()))
    return frames


async def _run(
    stack: Stack, pictures: Sequence[Frame], size: Size
) -> tuple[list[Observed], Observed, Gauge]:
    slow = await paced.connect(stack.port, pictures, SLOW, SLOW_RATE)
    fast = await paced.connect(stack.port, pictures, 1, FAST_RATE, math.inf)
    await asyncio.sleep(1.0)
    async with Gauge(stack.gateway) as gauge:
        seen = await asyncio.gather(
            *(honest.observe([camera], size.seconds) for camera in (*slow, *fast))
        )
    await honest.leave([*slow, *fast])
    return list(seen[:-1]), seen[-1], gauge
