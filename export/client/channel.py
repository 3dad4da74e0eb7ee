"""The one way to open a gRPC channel to a model server."""

from __future__ import annotations

import grpc

_OPTIONS = (
    # gRPC would send even 127.0.0.1 through the proxy of http_proxy, https_proxy or grpc_proxy.
    # Those proxies serve the web; a model server is addressed directly.
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A server that is starting should be noticed soon: retry at a steady, short interval.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)


def open_channel(address: str) -> grpc.Channel:
    """Open a plaintext channel to ``address`` (``HOST:PORT`` or ``unix:PATH``)."""
    return grpc.insecure_channel(address, options=list(_OPTIONS))
