"""What traces cost: two gateways at one model server, one of which traces, under load in turns.

A hundredth of the frames is traced by default. That costs less than rounds differ, so a larger
share is traced here, and its cost divided.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from loadtest import closedloop
from loadtest.alternation import OtherWork, Round, alternate, of_ratios, verdict
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import START_S, Process, Stack, free_port, open_url

USUAL = 0.01
"""The share of the frames that a gateway traces by default."""
MOST = 0.02
"""How much processor time that may cost."""
WARM_UP_S = 4.0
_EXPORT = "opentelemetry.proto.collector.trace.v1.TraceService"


@dataclass(frozen=True)
class Gateway:
    """One of the two."""

    port: int
    process: Process


def run(models: Path, share: float, sessions: int, rounds: int, seconds: float) -> bool:
    """Print the processor time of a frame with and without traces of ``share`` of the frames.

    Returns False if traces of a hundredth take more than ``MOST``, or if that is not clear.
    """
    frames = [Frame(picture) for picture in camera_jpegs(16)]
    with (
        _collector() as endpoint,
        Stack(models) as stack,
        _gateway(stack, f"--otlp-endpoint={endpoint}", f"--trace-share={share}") as traced,
    ):
        gateways = {False: Gateway(stack.port, stack.gateway), True: traced}

        def measure(with_traces: bool) -> float:
            return _frame_us(gateways[with_traces], frames, sessions, seconds)

        for gateway in gateways.values():
            _frame_us(gateway, frames, sessions, WARM_UP_S)
        others = OtherWork([stack.model_server.pid, stack.gateway.pid, traced.process.pid])
        seen = []
        for measured in alternate(measure, others, rounds):
            seen.append(measured)
            _print_round(len(seen), measured)
    return _print(seen, share, sessions)


@contextmanager
def _gateway(stack: Stack, *flags: str) -> Iterator[Gateway]:
    """Start another gateway at the model server of ``stack``."""
    port = free_port()
    backend = f"--backend=127.0.0.1:{stack.grpc_port}"
    process = Process("server", f"--port={port}", backend, "--log-level=warning", *flags)
    process.start()
    try:
        deadline = time.monotonic() + START_S
        while not _ready(port):
            if time.monotonic() > deadline or not process.running:
                raise RuntimeError("the gateway with traces did not become ready")
            time.sleep(0.1)
        yield Gateway(port, process)
    finally:
        process.terminate()


def _ready(port: int) -> bool:
    try:
        with open_url(f"http://127.0.0.1:{port}/readyz") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _print_round(number: int, pair: Round[float]) -> None:
    note = "" if pair.counts else f"  (does not count: others used {pair.other_cores:.1f} cores)"
    print(
        f"round {number}: {pair.without:.1f} us a frame, {pair.with_it:.1f} us with traces: "
        f"{pair.with_it / pair.without - 1:+.1%}{note}",
        flush=True,
    )


def _print(rounds: Sequence[Round[float]], share: float, sessions: int) -> bool:
    ratios = [measured.with_it / measured.without for measured in rounds if measured.counts]
    estimate = of_ratios(ratios) if ratios else None
    if estimate is not None:
        print(
            f"{share:.0%} of the frames traced, {sessions} sessions: processor time of the gateway "
            f"per frame {estimate}"
        )
        estimate = estimate.scaled(USUAL / share)
        print(f"{USUAL:.0%} of the frames traced: {estimate}")
    found = verdict(rounds, estimate, MOST)
    print(found.words)
    return found.held


def _frame_us(gateway: Gateway, frames: Sequence[Frame], sessions: int, seconds: float) -> float:
    before = gateway.process.cpu_ns()
    load = closedloop.run(gateway.port, frames, sessions, seconds, warm_up_s=0.0)
    return (gateway.process.cpu_ns() - before) / 1000 / load.sent


@contextmanager
def _collector() -> Iterator[str]:
    """Take traces by OTLP, and discard them."""
    server = grpc.server(ThreadPoolExecutor(1))
    handler = grpc.unary_unary_rpc_method_handler(_discard)
    export = grpc.method_handlers_generic_handler(_EXPORT, {"Export": handler})
    server.add_generic_rpc_handlers((export,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def _discard(request: bytes, context: Any) -> bytes:
    return b""
