"""What forked processes need not import."""

from __future__ import annotations

import gc

from modelserver.execution.runtime import import_tensorflow

gc.disable()
import_tensorflow()
import modelserver.app  # noqa: E402, F401
import server.app  # noqa: E402, F401

# Garbage collection in a child would write to pages that it shares with the others.
gc.freeze()
gc.enable()
