"""Overload, garbage, and clients that disconnect: one clear error, and the server carries on."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from modelserver.grpc_server import MAX_REFLECTION_STREAMS
from tests.modelserver import exported
from tests.modelserver.client import Client, floats, predict_request, refused
from tests.modelserver.conftest import Serve

X = floats(2)


def count_to(steps: int, model: str = "default") -> Any:
    return predict_request(model, {"n": np.array(steps)})


def waiting(client: Client, name: str, calls: int) -> None:
    """Wait until this many calls are in progress or queued."""
    registry = client.registry
    assert registry is not None
    assert registry.wait_for(lambda: sum(s.calls for s in registry.peek(name)) == calls, 30)


def test_a_full_queue_rejects_at_once(serve: Serve, models: Path) -> None:
    client = serve(model_base_path=models / "slow", model_calls_at_once=1, max_waiting_calls=1)
    running = client.prediction.Predict.future(count_to(10**9), timeout=5)
    client.wait_for_call("default")
    ended: queue.Queue[Any] = queue.Queue()
    for _ in range(2):  # either may come first
        client.prediction.Predict.future(count_to(1), timeout=60).add_done_callback(ended.put)
    assert ended.get(timeout=30).code().name == "RESOURCE_EXHAUSTED"
    assert not running.done()
    with refused() as error:
        running.result()
    assert error.code == "DEADLINE_EXCEEDED"
    queued = ended.get(timeout=30)
    assert queued.result().outputs["steps"].int64_val[0] == 1, "it got the slot"


def outlasted(client: Client, deadline_s: float) -> bool:
    """Whether twenty answers of one model come while calls of another one, until their deadline,
    keep that busy. A canceled call goes on computing until then."""
    busy = [
        client.prediction.Predict.future(count_to(10**9, "slow"), timeout=deadline_s)
        for _ in range(12)
    ]
    client.wait_for_call("slow")
    for _ in range(20):
        assert client.predict("half_plus", {"x": X})["y"].tolist() == [3.0]
    throughout = not any(call.done() for call in busy)
    for call in busy:
        call.cancel()
    waiting(client, "slow", 0)
    return throughout


def test_a_busy_model_does_not_delay_another(client: Client) -> None:
    assert outlasted(client, 2.0) or outlasted(client, 15.0), "only a slow machine needs the second"


def test_a_disconnected_caller_leaves_the_queue(serve: Serve, models: Path) -> None:
    client = serve(model_base_path=models / "slow", model_calls_at_once=1)
    running = client.prediction.Predict.future(count_to(10**9), timeout=5)
    client.wait_for_call("default")
    leaving = [client.prediction.Predict.future(count_to(10**12)) for _ in range(5)]
    waiting(client, "default", 6)
    for call in leaving:
        call.cancel()
    with refused():
        running.result()
    assert client.send(count_to(3)).outputs["steps"].int64_val[0] == 3, (
        "none of the canceled calls was run"
    )


def test_a_model_that_raises_fails_only_the_call(serve: Serve, tmp_path: Path) -> None:
    exported.throwing(tmp_path / "1")
    client = serve(model_base_path=tmp_path, model_calls_at_once=1)
    for _ in range(3):
        with refused() as error:
            client.predict("default", {"x": floats(-1)})
        assert error.code == "UNKNOWN"
        assert "LookupError: nothing below zero" in error.message
        assert client.predict("default", {"x": X})["y"].tolist() == [2.0], "its slot is free again"


def test_reflection_streams_are_bounded(client: Client) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    release = threading.Event()

    def question() -> Iterator[Any]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        release.wait(60)

    held = [stub.ServerReflectionInfo(question()) for _ in range(MAX_REFLECTION_STREAMS)]
    for stream in held:
        next(stream)
    with refused() as error:
        next(stub.ServerReflectionInfo(question()))
    release.set()
    assert error.code == "RESOURCE_EXHAUSTED"
    assert [list(stream) for stream in held] == [[]] * MAX_REFLECTION_STREAMS


def test_garbage_on_the_port(client: Client) -> None:
    port = int(client.address.rpartition(":")[2])
    for data in (
        b"\x00" * 64,
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff",
    ):
        with socket.create_connection(("localhost", port)) as sock:
            sock.sendall(data)
    assert client.predict("half_plus", {"x": X})["y"].tolist() == [3.0]


def test_a_truncated_request(client: Client) -> None:
    for length in (3, 10, 20):
        call = client.channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with refused() as error:
            call(predict_request("half_plus", {"x": X}).SerializeToString()[:length], timeout=10)
        assert error.code in ("INTERNAL", "INVALID_ARGUMENT")
    assert client.predict("half_plus", {"x": X})["y"].tolist() == [3.0]
