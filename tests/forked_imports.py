"""What forked processes need not import."""

from __future__ import annotations

import gc
import os

gc.disable()
# As the model server does, which has no other chance here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow  # noqa: E402, F401

import modelserver.app  # noqa: E402, F401
import server.app  # noqa: E402, F401

# Garbage collection in a child would write to pages that it shares with the others.
gc.freeze()
gc.enable()
