"""A single session compared with direct calls, alternating: a frame, a call, a frame, a call.

They alternate because a machine's speed drifts within seconds by more than the gateway adds.
Both block until they have their answer, so both wait in the same way.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from export.client.channel import open_channel
from loadtest import direct
from loadtest.camera import Frame
from loadtest.lonecamera import LoneCamera
from server.backend.stubs import prediction_service_pb2_grpc


@dataclass(frozen=True)
class Alone:
    """Medians in ms: a direct call with one picture, and a frame through the gateway."""

    direct_ms: float
    session_ms: float


def measure(grpc_port: int, port: int, pictures: Sequence[bytes], seconds: float) -> Alone:
    """Send the same pictures both ways, alternating, for ``seconds``."""
    requests = [direct.request(pictures, 1, start) for start in range(len(pictures))]
    calls: list[float] = []
    answers: list[float] = []
    with (
        open_channel(f"127.0.0.1:{grpc_port}") as channel,
        LoneCamera(port, [Frame(picture) for picture in pictures]) as camera,
    ):
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            sent_at = time.perf_counter()
            predict(requests[len(calls) % len(requests)], timeout=60)
            calls.append((time.perf_counter() - sent_at) * 1000)
            answers.append(camera.ask())
    return Alone(statistics.median(calls), statistics.median(answers))
