"""Server-side batching (``--enable_batching``), for clients that send one item per call.

The gateway forms its own batches and does not need it.
"""
