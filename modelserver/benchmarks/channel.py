"""The one way in which the benchmarks open a gRPC channel."""

from __future__ import annotations

import grpc

_OPTIONS = (
    # gRPC would send even 127.0.0.1 through the proxy of http_proxy, https_proxy or grpc_proxy.
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Each client has a connection of its own.
    ("grpc.use_local_subchannel_pool", 1),
)


def open_channel(port: int) -> grpc.Channel:
    """Open a channel to the model server on a port of this machine."""
    return grpc.insecure_channel(f"localhost:{port}", options=list(_OPTIONS))
