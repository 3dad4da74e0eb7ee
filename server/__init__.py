"""The gateway: camera sessions in, batches to TensorFlow Serving, outcomes back."""

from __future__ import annotations

__version__ = "0.1.0"
