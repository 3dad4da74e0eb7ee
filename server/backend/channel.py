"""One gRPC channel to one model server, on the event loop and never blocking it.

Calls are those of grpc.aio, which were measured to cost less than gRPC's other futures
(docs/architecture.md): these start a thread for a lone call, and switch threads for every
call. Predict, which every frame waits for, has a connection of its own without any threads
(:mod:`server.backend.http2`).
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from server.backend.failures import RequestTooLarge, failure
from server.backend.http2 import DirectMethod, Metadata
from server.backend.interface import CallTiming, traceparent
from server.backend.serialized import Pieces
from server.backend.stubs import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from server.core.errors import BackendUnavailable, DeadlineExceeded, ModelFailed

log = logging.getLogger(__name__)

_PREDICT = "/tensorflow.serving.PredictionService/Predict"
_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"
_RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
_HEALTH = "/grpc.health.v1.Health/Check"
_SERVER_TIMING = "server-timing"
RECONNECT_S = 0.25
"""How far connections are apart that end as soon as they are made."""
REFUSED_PAUSES_S = (0.002, 0.004, 0.008, 0.016, 0.032)
"""Before a refused call is made again. After that, another model server is a better choice."""
_REFUSED = re.compile(r"RST_STREAM with error code 7\b")
"""How gRPC's library says REFUSED_STREAM, for which it has no status code."""
_SERVING = b"\x08\x01"
"""A HealthCheckResponse with the status SERVING."""
_OPTIONS = (
    # Raw outputs may be larger than Python's 4 MiB; a model server sends up to 2 GiB.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Reconnect within a quarter of a second of the model server's return.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 250),
    # How long one attempt to connect may take.
    ("grpc.min_reconnect_backoff_ms", 2000),
    # The time-out also limits how long sent bytes may stay unacknowledged, so a peer that
    # vanished is noticed within it. TF Serving rejects pings more frequent than every 30 s.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # An idle channel stays connected, so that the first frame after a pause is fast.
    ("grpc.client_idle_timeout_ms", 2**31 - 1),
    # Two channels to one address share no connection and no backoff.
    ("grpc.use_local_subchannel_pool", 1),
    # A proxy in the environment is for the web, not for the model server.
    ("grpc.enable_http_proxy", 0),
)


class WrappedMethod:
    """A method of a service, called through grpc.aio: ``method`` is what its channel returned.

    A call that the peer refused was not looked at, so it is made again; gRPC's library leaves that
    to its callers. Servers that take few calls at once refuse some, although their number is kept
    to: they count a call until they have cleaned up after it.
    """

    def __init__(self, method: Any) -> None:
        self._method = method

    async def __call__(
        self, request: Any, timeout_s: float, metadata: Metadata = ()
    ) -> tuple[Any, Any]:
        """Return the response and the trailing metadata. Raises AioRpcError."""
        deadline = time.monotonic() + timeout_s
        for pause_s in REFUSED_PAUSES_S:
            left_s = deadline - time.monotonic()
            try:
                return await self._once(request, left_s, metadata)
            except grpc.aio.AioRpcError as error:
                if not _REFUSED.search(error.details() or "") or left_s <= pause_s:
                    raise
            await asyncio.sleep(pause_s)
        return await self._once(request, deadline - time.monotonic(), metadata)

    async def _once(self, request: Any, timeout_s: float, metadata: Metadata) -> tuple[Any, Any]:
        call = self._method(request, timeout=timeout_s, metadata=metadata)
        return await call, await call.trailing_metadata()


class Channel:
    """Calls to the model server at ``address`` (``host:port`` or ``unix:path``).

    Create and use it on one running event loop. A failed call raises what
    :mod:`server.backend.failures` defines; cancelling the waiter cancels the RPC.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel = grpc.aio.insecure_channel(address, options=_OPTIONS)
        stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._get_model_metadata = WrappedMethod(stub.GetModelMetadata)
        # Not the stub's Predict, which would serialize: requests are bytes already.
        read = predict_pb2.PredictResponse.FromString
        predict = self._channel.unary_unary(_PREDICT, response_deserializer=read)
        self._predict = DirectMethod(address, _PREDICT, read, WrappedMethod(predict))
        self._check_health = WrappedMethod(self._channel.unary_unary(_HEALTH))
        # Not from its stub, which would load the protocol of all that ModelService does.
        self._get_model_status = WrappedMethod(
            self._channel.unary_unary(
                _MODEL_STATUS,
                request_serializer=get_model_status_pb2.GetModelStatusRequest.SerializeToString,
                response_deserializer=get_model_status_pb2.GetModelStatusResponse.FromString,
            )
        )
        self._closed = False
        self._reported: bool | None = None
        self._watcher: asyncio.Task[None] | None = None

    def predict(
        self, request: Pieces, timeout_s: float
    ) -> Coroutine[Any, Any, tuple[predict_pb2.PredictResponse, CallTiming]]:
        """Call Predict with the pieces of a PredictRequest, for ``timeout_s`` seconds at most."""
        return self._call(self._predict, request, timeout_s)

    async def model_metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, timeout_s: float
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Call GetModelMetadata, for ``timeout_s`` seconds at most."""
        response, _ = await self._call(self._get_model_metadata, request, timeout_s)
        return response

    async def model_status(
        self, request: get_model_status_pb2.GetModelStatusRequest, timeout_s: float
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Call GetModelStatus, for ``timeout_s`` seconds at most."""
        response, _ = await self._call(self._get_model_status, request, timeout_s)
        return response

    async def reload(self, request: bytes, timeout_s: float) -> bytes:
        """Call HandleReloadConfigRequest with a serialized ReloadConfigRequest."""
        method = WrappedMethod(self._channel.unary_unary(_RELOAD))
        response: bytes
        response, _ = await self._call(method, request, timeout_s)
        return response

    async def serving(self, timeout_s: float) -> bool | None:
        """Ask the gRPC health service about the whole server; None: it does not know."""
        try:
            answer, _ = await self._check_health(b"", timeout_s)
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND):
                return None
            raise BackendUnavailable(f"no health check: {error.code().name}") from None
        return bool(answer == _SERVING)

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Connect, stay connected, and call ``changed(reachable)`` on every change.

        ``changed(True)`` is called for every new connection, so also if a model server
        was replaced before its absence was noticed.
        """
        self._watcher = asyncio.ensure_future(self._watch(changed))

    async def close(self) -> None:
        """Close the connection; calls under way raise BackendUnavailable."""
        self._closed = True
        if self._watcher is not None:
            self._watcher.cancel()
        self._predict.disconnect()
        await self._channel.close()

    async def _call(self, method: Any, request: Any, timeout_s: float) -> tuple[Any, CallTiming]:
        if self._closed:
            raise BackendUnavailable("the connection to the model server is closed")
        if timeout_s <= 0:
            raise DeadlineExceeded("no time left for the call")
        trace = traceparent.get()
        metadata = (("traceparent", trace),) if trace else ()
        sent = time.monotonic()
        try:
            response, trailers = await method(request, timeout_s, metadata)
            received = time.monotonic()
            if response is None:  # what grpc.aio makes of bytes that it cannot parse
                raise DecodeError
        except DecodeError:
            raise ModelFailed("the model server's answer cannot be parsed") from None
        except grpc.aio.AioRpcError as error:
            if self._closed:
                raise BackendUnavailable("the call to the model server was interrupted") from None
            # The channel's own word, not the last call's: a model that answers UNAVAILABLE
            # says nothing about the calls of other models.
            connected = self._channel.get_state() is grpc.ChannelConnectivity.READY
            failed = failure(error.code(), error.details(), connected)
            if isinstance(failed, RequestTooLarge):
                self._log_too_large(failed)
            raise failed from None
        except asyncio.CancelledError:
            if self._closed:  # the channel cancels what is under way when it closes
                raise BackendUnavailable("the call to the model server was interrupted") from None
            raise
        return response, CallTiming(sent, received, trailers.get(_SERVER_TIMING))

    def _log_too_large(self, error: RequestTooLarge) -> None:
        """Log what only an operator can change: the frames of such a batch are late at best."""
        log.warning(
            "model server %(backend)s refuses a batch for its size, so it is sent in parts: "
            "%(reason)s; a lower max_batch makes batches smaller",
            {"backend": self.address, "reason": error},
        )

    async def _watch(self, changed: Callable[[bool], None]) -> None:
        connected_at = -math.inf
        while not self._closed:
            state = self._channel.get_state()
            if state is grpc.ChannelConnectivity.IDLE:  # it stays so when a connection has ended
                # gRPC's own pauses follow attempts that fail, not connections that end at once.
                await asyncio.sleep(connected_at + RECONNECT_S - time.monotonic())
                connected_at = time.monotonic()
                state = self._channel.get_state(try_to_connect=True)
            self._on_connectivity(state, changed)
            await self._channel.wait_for_state_change(state)

    def _on_connectivity(
        self, state: grpc.ChannelConnectivity, changed: Callable[[bool], None]
    ) -> None:
        pending = (grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING)
        if state is grpc.ChannelConnectivity.READY:
            self._report(True, changed)
        elif state not in pending and self._reported is not False:
            self._report(False, changed)

    def _report(self, reachable: bool, changed: Callable[[bool], None]) -> None:
        self._reported = reachable
        if reachable:
            self._predict.reconsider()
        else:
            self._predict.disconnect()
        changed(reachable)
