"""One gRPC channel to one model server, on the event loop and never blocking it.

A call is a future of grpc.aio: it is under way as soon as it is made, and the loop
goes on until it is done. Of the two kinds of futures that gRPC has, this one was
measured to cost less (docs/performance.md): the other starts a thread for a call
that travels alone, and crosses from thread to thread for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import grpc.aio

from server.backend.failures import failure
from server.backend.stubs import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc
from server.core.errors import BackendUnavailable, DeadlineExceeded

_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_OPTIONS = (
    # Raw outputs may be larger than Python's 4 MiB; a model server sends up to 2 GiB.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Back within a second of the model server's return.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # How long one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", 2000),
    # A peer that vanished without a word is noticed within the time-out: it also
    # bounds how long sent bytes may stay unacknowledged. Rarer pings than this
    # every 30 s would be slower, more frequent ones are refused by TF Serving.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # An idle channel stays connected, so that the first frame after a pause is fast.
    ("grpc.client_idle_timeout_ms", 2**31 - 1),
    # Two channels to one address share no connection and no backoff.
    ("grpc.use_local_subchannel_pool", 1),
    # A proxy in the environment is meant for the web, not for the model server.
    ("grpc.enable_http_proxy", 0),
)


class Channel:
    """Calls to the model server at ``address`` (``host:port`` or ``unix:path``).

    To be made and used on one running event loop. A call that fails raises what
    :mod:`server.backend.failures` says; cancelling a waiting call cancels the RPC.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._get_model_metadata = stub.GetModelMetadata
        # Not the stub's Predict, which would serialize: requests come as bytes.
        self._predict = self._channel.unary_unary(
            _PREDICT, response_deserializer=predict_pb2.PredictResponse.FromString
        )
        self._closed = False
        self._reported: bool | None = None
        self._watcher: asyncio.Task[None] | None = None

    def predict(
        self, request: bytes, timeout_s: float
    ) -> Coroutine[Any, Any, predict_pb2.PredictResponse]:
        """One Predict call of a serialized PredictRequest, within ``timeout_s`` seconds."""
        return self._call(self._predict, request, timeout_s)

    def model_metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, timeout_s: float
    ) -> Coroutine[Any, Any, get_model_metadata_pb2.GetModelMetadataResponse]:
        """One GetModelMetadata call, within ``timeout_s`` seconds."""
        return self._call(self._get_model_metadata, request, timeout_s)

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Connect, stay connected, and call ``changed(reachable)`` as that comes and goes.

        ``changed(True)`` comes with every new connection, so also when a model
        server was replaced faster than its absence could be noticed.
        """
        self._watcher = asyncio.ensure_future(self._watch(changed))

    async def close(self) -> None:
        """Close the connection; calls under way raise BackendUnavailable."""
        self._closed = True
        if self._watcher is not None:
            self._watcher.cancel()
        await self._channel.close()

    async def _call(self, method: Any, request: Any, timeout_s: float) -> Any:
        if self._closed:
            raise BackendUnavailable("the connection to the model server is closed")
        if timeout_s <= 0:
            raise DeadlineExceeded("no time left for the call")
        try:
            response = await method(request, timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            # The channel's own word, not the last call's: a model that answers UNAVAILABLE
            # says nothing about the calls of other models.
            connected = self._channel.get_state() is grpc.ChannelConnectivity.READY
            raise failure(error.code(), error.details(), connected) from None
        except asyncio.CancelledError:
            if self._closed:  # the channel cancels what is under way when it closes
                raise BackendUnavailable("the call to the model server was cut off") from None
            raise
        return response

    async def _watch(self, changed: Callable[[bool], None]) -> None:
        while not self._closed:
            # Asking connects: a channel whose connection ended rests until someone does.
            state = self._channel.get_state(try_to_connect=True)
            self._on_connectivity(state, changed)
            await self._channel.wait_for_state_change(state)

    def _on_connectivity(
        self, state: grpc.ChannelConnectivity, changed: Callable[[bool], None]
    ) -> None:
        resting = (grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING)
        if state is grpc.ChannelConnectivity.READY:
            self._report(True, changed)
        elif state not in resting and self._reported is not False:
            self._report(False, changed)

    def _report(self, reachable: bool, changed: Callable[[bool], None]) -> None:
        self._reported = reachable
        changed(reachable)
