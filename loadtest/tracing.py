"""What traces cost: two gateways at one model server, one of which traces, under load in turns."""

from __future__ import annotations

import math
import statistics
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from loadtest import closedloop
from loadtest.camera import Frame
from loadtest.pictures import camera_jpegs
from loadtest.stack import START_S, Process, Stack, free_port

_EXPORT = "opentelemetry.proto.collector.trace.v1.TraceService"


@dataclass(frozen=True)
class Gateway:
    """One of the two."""

    port: int
    process: Process


def run(models: Path, share: float, sessions: int, rounds: int, seconds: float) -> None:
    """Print the processor time of a frame with and without traces of ``share`` of the frames."""
    frames = [Frame(picture) for picture in camera_jpegs(16)]
    with (
        _collector() as endpoint,
        Stack(models) as stack,
        _gateway(stack, f"--otlp-endpoint={endpoint}", f"--trace-share={share}") as traced,
    ):
        plain = Gateway(stack.port, stack.gateway)
        for gateway in (plain, traced):
            _frame_us(gateway, frames, sessions, seconds)  # warm up
        ratios = []
        for number in range(rounds):
            order = (plain, traced) if number % 2 else (traced, plain)
            used = {each.port: _frame_us(each, frames, sessions, seconds) for each in order}
            without, with_traces = used[plain.port], used[traced.port]
            ratios.append(with_traces / without)
            print(
                f"round {number + 1}: {without:.1f} us a frame, "
                f"{with_traces:.1f} us with traces: {ratios[-1] - 1:+.1%}"
            )
    _print(ratios, share, sessions)


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
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _print(ratios: Sequence[float], share: float, sessions: int) -> None:
    logs = [math.log(ratio) for ratio in ratios]
    mean = math.exp(statistics.mean(logs)) - 1
    error = statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    print(
        f"{share:.0%} of the frames traced, {sessions} sessions, {len(ratios)} rounds: "
        f"{mean:+.1%} of the gateway's processor time per frame (standard error {error:.1%})"
    )


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
