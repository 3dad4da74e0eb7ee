"""One session alone beside direct calls, in turn: a frame, a call, a frame, a call.

In turn, because what a machine does besides drifts within seconds by more than the
gateway adds.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from loadtest import direct
from loadtest.camera import Camera, Frame
from server.backend.stubs import prediction_service_pb2_grpc


@dataclass(frozen=True)
class Alone:
    """Medians in ms of a direct call of one picture, and of a frame through the gateway."""

    direct_ms: float
    session_ms: float


def measure(grpc_port: int, port: int, pictures: Sequence[bytes], seconds: float) -> Alone:
    """Send the same pictures both ways for ``seconds``."""
    return asyncio.run(_measure(grpc_port, port, pictures, seconds))


async def _measure(grpc_port: int, port: int, pictures: Sequence[bytes], seconds: float) -> Alone:
    frames = [Frame(picture) for picture in pictures]
    loop = asyncio.get_running_loop()
    _, camera = await loop.create_connection(
        lambda: Camera(frames, outstanding=0), "127.0.0.1", port
    )
    await asyncio.wait_for(camera.welcomed, 10)
    requests = [direct.request(pictures, 1, start) for start in range(len(pictures))]
    calls: list[float] = []
    answers: list[float] = []
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        predict = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            asked = time.perf_counter()
            predict(requests[len(calls) % len(requests)], timeout=60)
            calls.append((time.perf_counter() - asked) * 1000)
            answers.append(await camera.ask())
    camera.leave()
    return Alone(statistics.median(calls), statistics.median(answers))
