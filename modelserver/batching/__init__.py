"""Batching on the server's side (--enable_batching), for clients that send one item a call.

The gateway forms its own batches and does not need it.
"""
