"""Check a version through a model server: it loads, and answers over gRPC as it should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from export.client.model_server import ModelServer
from export.client.stubs import predict_pb2
from export.client.waiting import Waiting
from export.contract import BYTES, PIXELS
from export.verification.checks import encoded_batch, summarize
from export.verification.comparison import Agreement, compare
from export.verification.golden import Golden, Row, rows_of
from export.verification.latency import measure
from export.verification.loaded_version import LoadedVersion
from export.verification.local_server import LocalServer
from export.verification.report import Report

_CALL_S = 60.0


@dataclass(frozen=True)
class Served:
    """A version on a model server: the server, the model's name there, and the number."""

    server: ModelServer
    model: str
    number: int

    def request(self, signature: str, inputs: np.ndarray) -> Any:
        """Return a PredictRequest for images."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.model
        request.model_spec.version.value = self.number
        request.model_spec.signature_name = signature
        request.inputs["image"].CopyFrom(tf.make_tensor_proto(inputs))
        return request

    def answer(self, signature: str, inputs: np.ndarray) -> list[Row]:
        """Make one Predict call and return a row for each input. Raise ``ServerError``."""
        response = self.server.predict(self.request(signature, inputs), _CALL_S)
        return rows_of({name: tf.make_ndarray(value) for name, value in response.outputs.items()})


def check_local(
    report: Report, folder: Path, version: LoadedVersion, golden: Golden, sizes: Sequence[int]
) -> None:
    """Have a temporary model server load the version; record load time and speed."""
    with LocalServer() as server:
        with report.check("load") as check:
            client, report.load_s = server.load("model", folder, _CALL_S * 2)
            report.server = "the embedded model server"
            check.found = f"loaded by {report.server}"
        _check_answers(report, "served", Served(client, "model", 1), version, golden, sizes)


def check_server(
    report: Report,
    address: str,
    model: str,
    number: int,
    version: LoadedVersion,
    golden: Golden,
    sizes: Sequence[int],
    timeout_s: float,
) -> None:
    """Check a server that already serves the model's directory."""
    with ModelServer(address) as server:
        with report.check(f"load at {address}") as check:
            server.wait_until_reachable(timeout_s)
            Waiting(model, number, None, timeout_s).wait(server)
            report.server = address
            check.found = f"version {number} of {model} is available"
        served = Served(server, model, number)
        _check_answers(report, f"served at {address}", served, version, golden, sizes)


def _check_answers(
    report: Report,
    name: str,
    served: Served,
    version: LoadedVersion,
    golden: Golden,
    sizes: Sequence[int],
) -> None:
    fixed = version.batch_size(BYTES)
    sizes = [fixed] if fixed else sizes
    with report.check(name) as check:
        total = Agreement()
        for size in sizes:
            actual = served.answer(BYTES, encoded_batch(golden, size))
            expected = [golden.rows[number % len(golden.rows)] for number in range(size)]
            total += compare(f"{name}, batch {size}", actual, expected)
        check.found = summarize(total, golden, sizes)
    if PIXELS in version.names():
        _check_pixels(report, name, served, version)
    requests = {size: served.request(BYTES, encoded_batch(golden, size)) for size in _powers(sizes)}
    report.speeds = measure(
        lambda size: served.server.predict(requests[size], _CALL_S), list(requests)
    )


def _check_pixels(report: Report, name: str, served: Served, version: LoadedVersion) -> None:
    """Compare the answers for noise with those in this process; golden answers are for bytes."""
    _, shape = version.inputs(PIXELS)["image"]
    sizes = [1 if size is None and at == 0 else size or 64 for at, size in enumerate(shape or ())]
    noise = np.random.default_rng(0).integers(0, 256, sizes, np.uint8)
    with report.check(f"{name}, pixels") as check:
        actual = served.answer(PIXELS, noise)
        total = compare(f"{name}, {PIXELS}", actual, version.answer(PIXELS, noise))
        check.found = f"{total.values} values agree with those in process"


def _powers(sizes: Sequence[int]) -> list[int]:
    """Return those that are powers of two, and the largest."""
    return [size for size in sizes if size & (size - 1) == 0 or size == max(sizes)]
