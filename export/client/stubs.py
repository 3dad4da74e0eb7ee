"""TensorFlow Serving's messages and services, imported without TensorFlow.

The generated files live in the packages ``tensorflow.core`` and ``tensorflow_serving``, and
importing the former loads all of TensorFlow. Commands that only move a label should not wait
seconds for that, so an empty module with the same search path replaces TensorFlow during the
import.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

from export.errors import ServerError


def _placeholder() -> ModuleType:
    spec = find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ServerError("TensorFlow is not installed; its generated files are needed")
    module = ModuleType("tensorflow")
    module.__path__ = list(spec.submodule_search_locations)
    return module


_loaded = "tensorflow" in sys.modules
if not _loaded:
    sys.modules["tensorflow"] = _placeholder()
try:
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_management_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )
    from tensorflow_serving.config import model_server_config_pb2
finally:
    if not _loaded:
        del sys.modules["tensorflow"]

__all__ = [
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "model_management_pb2",
    "model_server_config_pb2",
    "model_service_pb2_grpc",
    "predict_pb2",
    "prediction_service_pb2_grpc",
]
