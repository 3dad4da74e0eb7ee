"""One gRPC channel to one model server, driven from asyncio without blocking it.

gRPC's own threads carry the calls. All that happens on them here is
``loop.call_soon_threadsafe``; everything else happens on the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc

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
_WATCHER_ENDS_S = 0.5


class Channel:
    """Calls to the model server at ``address`` (``host:port`` or ``unix:path``).

    To be used from one event loop. A call that fails raises what
    :mod:`server.backend.failures` says; cancelling a waiting call cancels the RPC.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._get_model_metadata = stub.GetModelMetadata
        # Not the stub's Predict, which would serialize: requests come as bytes.
        self._predict = self._channel.unary_unary(
            _PREDICT, response_deserializer=predict_pb2.PredictResponse.FromString
        )
        self._connected = False
        self._closed = False
        self._subscriber: Callable[[grpc.ChannelConnectivity], None] | None = None

    async def predict(self, request: bytes, timeout_s: float) -> predict_pb2.PredictResponse:
        """One Predict call of a serialized PredictRequest, within ``timeout_s`` seconds."""
        return await self._call(self._predict, request, timeout_s)

    async def model_metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, timeout_s: float
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """One GetModelMetadata call, within ``timeout_s`` seconds."""
        return await self._call(self._get_model_metadata, request, timeout_s)

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Connect, stay connected, and call ``changed(reachable)`` on the running loop.

        ``changed(True)`` comes with every new connection, so also when a model
        server was replaced faster than its absence could be noticed.
        """
        loop = asyncio.get_running_loop()

        def on_connectivity(state: grpc.ChannelConnectivity) -> None:
            _call_on_loop(loop, self._on_connectivity, state, changed)

        self._subscriber = on_connectivity
        self._channel.subscribe(on_connectivity, try_to_connect=True)

    async def close(self) -> None:
        """Close the connection; calls under way raise BackendUnavailable."""
        self._closed = True
        if self._subscriber is not None:
            self._channel.unsubscribe(self._subscriber)
            # gRPC's watching thread looks up every 0.2 s, twice at most before it
            # ends, and dies with a traceback if the channel is closed under it.
            await asyncio.sleep(_WATCHER_ENDS_S)
        self._channel.close()

    async def _call(self, method: Any, request: Any, timeout_s: float) -> Any:
        if self._closed:
            raise BackendUnavailable("the connection to the model server is closed")
        if timeout_s <= 0:
            raise DeadlineExceeded("no time left for the call")
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Any] = loop.create_future()
        call = method.future(request, timeout=timeout_s)
        call.add_done_callback(lambda done: _call_on_loop(loop, self._complete, waiter, done))
        try:
            return await waiter
        finally:
            call.cancel()  # does nothing to a call that is done

    def _complete(self, waiter: asyncio.Future[Any], call: Any) -> None:
        """The one place that completes a waiter; a cancelled one costs nothing."""
        if waiter.done():
            return
        code = call.code()
        if code is grpc.StatusCode.OK:
            self._connected = True
            waiter.set_result(call.result())
        elif self._closed:
            waiter.set_exception(BackendUnavailable("the call to the model server was cut off"))
        else:
            error = failure(code, call.details(), self._connected)
            self._connected &= not isinstance(error, BackendUnavailable)
            waiter.set_exception(error)

    def _on_connectivity(
        self, state: grpc.ChannelConnectivity, changed: Callable[[bool], None]
    ) -> None:
        if self._closed:
            return
        self._connected = state is grpc.ChannelConnectivity.READY
        if state is grpc.ChannelConnectivity.IDLE:
            self._connect()
        elif state is grpc.ChannelConnectivity.READY:
            changed(True)
        elif state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            changed(False)

    def _connect(self) -> None:
        # A channel whose connection ended rests until someone asks for it.
        # Subscribing is the public way to ask.
        self._channel.subscribe(_ignore, try_to_connect=True)
        self._channel.unsubscribe(_ignore)


def _ignore(state: grpc.ChannelConnectivity) -> None:
    """A subscriber that wants nothing but the connection."""


def _call_on_loop(
    loop: asyncio.AbstractEventLoop, function: Callable[..., None], *args: Any
) -> None:
    """From any thread: call ``function`` on ``loop``; nothing if it has closed meanwhile."""
    try:
        loop.call_soon_threadsafe(function, *args)
    except RuntimeError:
        if not loop.is_closed():
            raise
