"""What forked processes need not import."""

from __future__ import annotations

import grpc  # noqa: F401

from modelserver.execution.runtime import import_tensorflow

import_tensorflow()
import modelserver.app  # noqa: E402, F401
