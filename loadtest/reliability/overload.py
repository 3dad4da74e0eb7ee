"""Three times the frames that can be answered: what is answered, how old, and what remains.

Cameras ignore the gateway's advice on their rate, or follow it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtest import accounts, closedloop, paced
from loadtest.camera import Frame
from loadtest.measure import Measure, percentile
from loadtest.paced import WINDOW, PacedCamera
from loadtest.reliability import honest
from loadtest.reliability.gauge import Gauge
from loadtest.reliability.honest import Observed
from loadtest.reliability.result import Result, balance
from loadtest.stack import Stack

OVERLOAD = 3.0
SESSIONS = 64
# Normal operation is back once spans of this length have 95 % of their frames answered, and a
# median age of at most twice the usual one, or 30 ms.
SPAN_S = 0.5
CALM_LEAST = 0.95
CALM_AGE, CALM_MS = 2.0, 30.0


@dataclass(frozen=True)
class Behaviour:
    """What cameras do under overload: how many unanswered frames they allow themselves, and
    whether they obey ``pace``.
    """

    name: str
    window: float
    obeys: bool = False


KEPT = Behaviour("windows kept", WINDOW)
IGNORED = Behaviour("windows ignored", math.inf)
OBEDIENT = Behaviour("pace obeyed", WINDOW, obeys=True)


@dataclass(frozen=True)
class Size:
    """How long the peak is measured, how long each overload lasts, and the calm before and after
    it. ``overloads``: how cameras behave in each.
    """

    peak_s: float
    overload_s: float
    calm_s: float
    recovery_s: float
    overloads: tuple[Behaviour, ...]


FULL = Size(10.0, 60.0, 10.0, 8.0, (KEPT, IGNORED, OBEDIENT))
QUICK = Size(1.0, 1.2, 0.4, 1.2, (IGNORED,))


@dataclass(frozen=True)
class Phase:
    """One overload: what the cameras saw, all together and each, the gateway's memory, and how
    soon all was normal.
    """

    overloaded: Observed
    each: Sequence[Observed]
    gauge: Gauge
    recovered_s: float
    max_staleness_ms: float


def run(stack: Stack, size: Size) -> Result:
    """Measure the peak, then overload the gateway once for each behaviour."""
    stack.restart_gateway()
    with _apart(stack):
        return _run(stack, size)


def _run(stack: Stack, size: Size) -> Result:
    pictures = honest.frames()
    measures: list[Measure] = []
    notes: list[str] = []
    p99_ms: dict[Behaviour, float] = {}
    for behaviour in size.overloads:
        before = _peak(stack, pictures, size)
        if not before:
            raise RuntimeError("no frame was answered in a closed loop: the machine is too busy")
        phase = asyncio.run(_overload(stack, pictures, size, OVERLOAD * before, behaviour))
        peak = (before + _peak(stack, pictures, size)) / 2
        measures += _measures(behaviour, phase, peak)
        notes.append(_note(behaviour.name, phase, peak))
        p99_ms[behaviour] = phase.overloaded.age_ms(0.99)
    if KEPT in p99_ms and OBEDIENT in p99_ms:
        older = p99_ms[OBEDIENT] / p99_ms[KEPT]
        measures.append(Measure(f"{OBEDIENT.name}: p99 age / {KEPT.name}", older, 1.0))
    measures.append(balance(accounts.settled(stack.get)))
    return Result("overload", measures, notes)


@contextlib.contextmanager
def _apart(stack: Stack) -> Iterator[None]:
    """Give the model server cores of its own.

    Receiving three times as many frames costs the gateway and this process CPU time, which
    the model server would lack: the peak would fall with the load, whatever the policy.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        yield
        return
    half = len(cores) // 2
    _pin(stack.model_server.pid, cores[half:])
    _pin(stack.gateway.pid, cores[:half])
    os.sched_setaffinity(0, cores[:half])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        _pin(stack.model_server.pid, cores)
        _pin(stack.gateway.pid, cores)


def _pin(pid: int, cores: Sequence[int]) -> None:
    """Run all threads of a process on these cores."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(task), cores)


def _peak(stack: Stack, pictures: Sequence[Frame], size: Size) -> float:
    """Return how many frames per second are answered if none is sent in vain."""
    return closedloop.run(stack.port, pictures, SESSIONS, size.peak_s, size.peak_s / 2).frames_per_s


async def _overload(
    stack: Stack,
    pictures: Sequence[Frame],
    size: Size,
    frames_per_s: float,
    behaviour: Behaviour,
) -> Phase:
    async with honest.running(stack.port, pictures) as calm:
        before = await honest.observe(calm, size.calm_s)
    rate = frames_per_s / SESSIONS
    cameras = await paced.connect(
        stack.port, pictures, SESSIONS, rate, behaviour.window, behaviour.obeys
    )
    await asyncio.sleep(size.peak_s / 2)
    async with Gauge(stack.gateway) as gauge:
        each = await asyncio.gather(
            *(honest.observe([camera], size.overload_s) for camera in cameras)
        )
    await honest.leave(cameras)
    recovered_s = await _recovery(stack, pictures, size, before.age_ms(0.5))
    limits = cameras[0].welcomed.result()["limits"]
    return Phase(honest.together(each), each, gauge, recovered_s, limits["max_staleness_ms"])


async def _recovery(stack: Stack, pictures: Sequence[Frame], size: Size, usual_ms: float) -> float:
    """Return the seconds until eight honest cameras are served as before the overload."""
    started = time.perf_counter()
    cameras = await paced.connect(stack.port, pictures, honest.CAMERAS, honest.RATE)
    await asyncio.sleep(size.recovery_s)
    until = time.perf_counter()
    await honest.settle(cameras, until)
    await honest.leave(cameras)
    disturbed_until = _last_disturbance(cameras, started, until, usual_ms)
    return math.inf if disturbed_until > until - SPAN_S else disturbed_until - started


def _last_disturbance(
    cameras: Sequence[PacedCamera], since: float, until: float, usual_ms: float
) -> float:
    """Return the end of the last span with frames unanswered or older than usual."""
    last = at = since
    while at + SPAN_S <= until:
        span = honest.observed(cameras, at, at + SPAN_S)
        at += SPAN_S
        calm = span.answered >= CALM_LEAST and span.age_ms(0.5) <= max(CALM_AGE * usual_ms, CALM_MS)
        if span.due and not calm:
            last = at
    return last


def _measures(behaviour: Behaviour, phase: Phase, peak: float) -> list[Measure]:
    seen, prefix = phase.overloaded, f"{behaviour.name}: "
    oldest_ms = phase.max_staleness_ms + seen.inference_ms(0.99)
    if behaviour.obeys:
        load = _measures_of_obedience(prefix, phase)
    else:
        load = [
            Measure(f"{prefix}offered / peak", seen.due / seen.seconds / peak, 2.0, at_least=True),
            Measure(f"{prefix}answered / peak", seen.per_s / peak, 0.95, at_least=True),
        ]
    return [
        *load,
        Measure(f"{prefix}p99 age", seen.age_ms(0.99), oldest_ms, "ms"),
        Measure(f"{prefix}memory, steady growth", phase.gauge.steady_growth_mb(), 5.0, "MB"),
        Measure(f"{prefix}normal again after", phase.recovered_s, 5.0, "s"),
    ]


def _measures_of_obedience(prefix: str, phase: Phase) -> list[Measure]:
    """Return what the advice promises: hardly any frame is sent in vain, and all get the same."""
    seen = phase.overloaded
    rates = sorted(camera.per_s for camera in phase.each)
    return [
        Measure(f"{prefix}dropped / sent", 1 - len(seen.results) / max(1, len(seen.seen)), 0.05),
        Measure(
            f"{prefix}least answered camera / median",
            rates[0] / max(1e-9, percentile(rates, 0.5)),
            0.9,
            at_least=True,
        ),
    ]


def _note(name: str, phase: Phase, peak: float) -> str:
    seen = phase.overloaded
    return (
        f"{name}: peak {peak:.0f} frames/s, offered {seen.due / seen.seconds:.0f}, sent "
        f"{len(seen.seen) / seen.seconds:.0f}, answered {seen.per_s:.0f}; "
        f"p50 {seen.age_ms(0.5):.0f} ms; {phase.gauge.processors()}"
    )
