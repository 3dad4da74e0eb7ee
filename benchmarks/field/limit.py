"""The limit for any server: direct Predict calls, at each batch size."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import grpc

from benchmarks.field.results import Direct
from benchmarks.field.server import START_S, NotServing
from benchmarks.field.systems import Ports, model_server
from benchmarks.field.tree import Tree
from loadtest import direct
from loadtest.stack import free_port

BATCHES = (1, 2, 4, 8, 16, 32)
CALLS = (2, 3)


def measure(model: Path, pictures: Sequence[bytes], seconds: float, log: Path) -> list[Direct]:
    """Start a model server and call it. Returns the better number of calls of each batch size.

    Raises ``NotServing``.
    """
    log.unlink(missing_ok=True)
    port = free_port()
    tree = Tree(model_server(model, Ports(0, port)), {}, log)
    try:
        _wait(port, pictures, tree, log)
        return [_best(port, pictures, batch, seconds) for batch in BATCHES]
    finally:
        tree.stop()


def _best(port: int, pictures: Sequence[bytes], batch: int, seconds: float) -> Direct:
    tried = [direct.measure(port, pictures, batch, calls, seconds) for calls in CALLS]
    best = max(tried, key=lambda trial: trial.frames_per_s)
    print(f"  {best.calls} calls of {batch:2}: {best.frames_per_s:5.0f} frames/s", flush=True)
    return Direct(batch, best.calls, best.frames_per_s, best.median_ms)


def _wait(port: int, pictures: Sequence[bytes], tree: Tree, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            direct.measure(port, pictures, 1, 1, 0.5)
            return
        except grpc.RpcError as error:
            if time.monotonic() > deadline or not tree.running:
                raise NotServing(f"it answered no call ({error}); its log is {log}") from None
        time.sleep(0.25)
