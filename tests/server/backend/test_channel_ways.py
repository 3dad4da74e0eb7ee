"""Calls through gRPC's library, and then on the connection of their own, over a real socket."""

from __future__ import annotations

import asyncio
import time
from concurrent import futures

import grpc
import pytest

from server.backend.channel import Channel
from server.backend.stubs import predict_pb2
from server.core.errors import BatchRejected, ModelFailed

PATIENCE_S = 20.0


def _answering(
    answer: bytes,
    port: int = 0,
    most_bytes: int = -1,
    compression: grpc.Compression = grpc.Compression.NoCompression,
) -> tuple[grpc.Server, Channel]:
    """A model server that answers each Predict call with these bytes."""
    server = grpc.server(
        futures.ThreadPoolExecutor(1),
        options=[("grpc.max_receive_message_length", most_bytes)],
        compression=compression,
    )
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: answer)
    service = "tensorflow.serving.PredictionService"
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {"Predict": handler}),)
    )
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, Channel(f"127.0.0.1:{port}")


async def test_an_answer_that_cannot_be_parsed() -> None:
    """First through gRPC's library, and then on the connection of its own."""
    server, channel = _answering(b"\xff")
    deadline = time.monotonic() + PATIENCE_S
    ways = set()
    while len(ways) < 2:
        assert time.monotonic() < deadline, ways
        ways.add(channel._predict._connection is not None)
        with pytest.raises(ModelFailed, match="cannot be parsed"):
            await channel.predict((b"",), PATIENCE_S)
    await channel.close()
    server.stop(None)


async def test_a_model_server_that_was_replaced_unnoticed_is_understood_anew() -> None:
    answer = predict_pb2.PredictResponse()
    answer.model_spec.name = 1000 * "digits"
    old, channel = _answering(answer.SerializeToString(), compression=grpc.Compression.Gzip)
    port = int(channel.address.rpartition(":")[2])
    reports: asyncio.Queue[bool] = asyncio.Queue()
    channel.watch(reports.put_nowait)

    async def until_understood(wanted: bool) -> None:
        for _ in range(int(PATIENCE_S * 100)):
            await channel.predict((b"",), PATIENCE_S)
            connection = channel._predict._connection
            if connection is not None and connection.misunderstood != wanted:
                return
            await asyncio.sleep(0.01)
        raise TimeoutError

    await until_understood(False)
    new, _ = _answering(answer.SerializeToString(), port)
    assert await asyncio.wait_for(reports.get(), PATIENCE_S)
    old.stop(None)
    assert await asyncio.wait_for(reports.get(), PATIENCE_S), "its absence was not noticed"
    await until_understood(True)
    await channel.close()
    new.stop(None)


async def test_a_batch_that_is_too_large_for_the_model_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Perhaps its parts are not, so it is not said to be full."""
    server, channel = _answering(b"", most_bytes=1000)
    with pytest.raises(BatchRejected, match="larger than max"):
        await channel.predict((bytes(1001),), PATIENCE_S)
    # gRPC tells this loop what became of the channels of earlier tests, whose loops are closed.
    [line] = [one.getMessage() for one in caplog.records if one.name.startswith("server.")]
    assert f"{channel.address} refuses a batch for its size" in line
    await channel.close()
    server.stop(None)
