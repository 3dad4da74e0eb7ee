"""The real load: a model server loads the version and answers over gRPC as it should."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from export.serving.signatures import BYTES, PIXELS
from export.verification.checks import told
from export.verification.client import Client, request
from export.verification.comparison import Agreement, compare
from export.verification.golden import Golden
from export.verification.in_process import InProcess
from export.verification.latency import measure
from export.verification.local_server import Throwaway
from export.verification.report import Report

_CALL_S = 60.0


def check_throwaway(
    report: Report, folder: Path, version: InProcess, golden: Golden, sizes: Sequence[int]
) -> None:
    """Has a model server of its own load the version; notes down load time and speed."""
    with Throwaway() as server:
        with report.check("load") as check:
            client, report.load_s = server.load("model", folder, _CALL_S * 2)
            report.server = "the embedded model server"
            check.found = f"{report.server} loads it"
        _check_answers(report, "served", client, ("model", 1), version, golden, sizes)


def check_server(
    report: Report,
    address: str,
    model: tuple[str, int],
    version: InProcess,
    golden: Golden,
    sizes: Sequence[int],
    timeout_s: float,
) -> None:
    """The same of a server that has the model's base path already. model: name and version."""
    client = Client(address)
    try:
        with report.check(f"load at {address}") as check:
            client.wait_until_connected(timeout_s)
            client.wait_until_available(*model, timeout_s)
            report.server = address
            check.found = f"version {model[1]} of {model[0]} is available"
        _check_answers(report, f"served at {address}", client, model, version, golden, sizes)
    finally:
        client.close()


def _check_answers(
    report: Report,
    name: str,
    client: Client,
    model: tuple[str, int],
    version: InProcess,
    golden: Golden,
    sizes: Sequence[int],
) -> None:
    with report.check(name) as check:
        fixed = version.rows(BYTES)
        sizes = [fixed] if fixed else sizes
        total = Agreement()
        for size in sizes:
            inputs = _some(golden, size)
            found = client.answer(*model, BYTES, inputs, _CALL_S)
            wanted = [golden.rows[number % len(golden.rows)] for number in range(size)]
            total += compare(f"{name}, batch {size}", found, wanted)
        check.found = told(total, len(golden.pictures), sizes)
    if PIXELS in version.names():
        _check_pixels(report, name, client, model, version)
    requests = {size: request(*model, BYTES, _some(golden, size)) for size in _powers(sizes)}
    report.speeds = measure(lambda size: client.predict(requests[size], _CALL_S), list(requests))


def _check_pixels(
    report: Report, name: str, client: Client, model: tuple[str, int], version: InProcess
) -> None:
    """Noise gets the answer that it gets in this process, for there is no golden answer to it."""
    _, shape = version.inputs(PIXELS)["image"]
    sizes = [1 if size is None and at == 0 else size or 64 for at, size in enumerate(shape or ())]
    noise = np.random.default_rng(0).integers(0, 256, sizes, np.uint8)
    with report.check(f"{name}, pixels") as check:
        found = client.answer(*model, PIXELS, noise, _CALL_S)
        total = compare(f"{name}, {PIXELS}", found, version.answer(PIXELS, noise))
        check.found = f"{total.values} values as in process"


def _some(golden: Golden, size: int) -> Any:
    found = np.empty(size, object)
    found[:] = [golden.pictures[number % len(golden.pictures)] for number in range(size)]
    return found


def _powers(sizes: Sequence[int]) -> list[int]:
    """Those that are powers of two, and the largest."""
    return [size for size in sizes if size & (size - 1) == 0 or size == max(sizes)]
