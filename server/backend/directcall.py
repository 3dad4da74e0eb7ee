"""Unary calls on gRPC's core, without the task that grpc.aio makes for each.

That task costs a call two more turns of the event loop, which a lone frame waits for. This is the
only module that uses gRPC's private names. A minor release may change them, so with any other
than the one that was tried, calls are those of grpc.aio.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

TRIED = "1.85."
"""The release of grpcio that these calls were tried with."""

Metadata = tuple[tuple[str, str], ...]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


class WrappedMethod:
    """A method of a service, called through grpc.aio: ``method`` is what its channel returned."""

    def __init__(self, method: Any) -> None:
        self._method = method

    async def __call__(self, request: Any, timeout_s: float, metadata: Metadata) -> tuple[Any, Any]:
        """Return the response and the trailing metadata. Raises AioRpcError."""
        call = self._method(request, timeout=timeout_s, metadata=metadata)
        return await call, await call.trailing_metadata()

    def cancel(self) -> None:
        """Do nothing: the channel cancels its calls when it closes."""


class DirectMethod:
    """The same on the core, for requests that are bytes."""

    def __init__(
        self, channel: grpc.aio.Channel, name: str, deserialize: Callable[[bytes], Any]
    ) -> None:
        self._core: Any = channel._channel
        self._name = name.encode()
        self._deserialize = deserialize
        self._calls: set[Any] = set()

    async def __call__(
        self, request: bytes, timeout_s: float, metadata: Metadata
    ) -> tuple[Any, Any]:
        """Return the response and the trailing metadata. Raises AioRpcError."""
        call = self._core.call(self._name, time.time() + timeout_s, None, None, 0)
        self._calls.add(call)
        try:
            response = await call.unary_unary(request, metadata, None)
            status = await call.status()  # which has come with the response
        except asyncio.CancelledError:
            call.cancel("the caller has gone")
            raise
        finally:
            self._calls.discard(call)
        trailers = grpc.aio.Metadata(*(status.trailing_metadata() or ()))
        if not call.is_ok():
            code = _CODES.get(status.code(), grpc.StatusCode.UNKNOWN)
            raise grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, status.details())
        return self._deserialize(response), trailers

    def cancel(self) -> None:
        """Cancel the calls under way: the channel does not know of them."""
        for call in self._calls:
            call.cancel("the channel closes")


def method_of_bytes(
    channel: grpc.aio.Channel, name: str, deserialize: Callable[[bytes], Any]
) -> WrappedMethod | DirectMethod:
    """Return the method ``name`` for requests that are bytes."""
    if grpc.__version__.startswith(TRIED):
        return DirectMethod(channel, name, deserialize)
    return WrappedMethod(channel.unary_unary(name, response_deserializer=deserialize))
