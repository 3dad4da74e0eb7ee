"""The generated stubs of tensorflow-serving-api, without TensorFlow behind them.

``tensorflow_serving.apis`` imports ``tensorflow.core...``, whose parent package loads
all of TensorFlow: over two seconds and half a gigabyte that the gateway does not need.
The generated files need only each other. So during these imports ``sys.modules`` holds
an empty module under the name ``tensorflow``, whose ``__path__`` is the installed
package's folder; only the files under ``tensorflow/core`` are loaded from there.

The empty module is removed again, so a later ``import tensorflow`` (in a test that runs
both in one process) loads the real package, with the same generated files. If the real
package was loaded first, it is used.

All other modules of the gateway import the stubs from here.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple


@contextmanager
def _bare_tensorflow() -> Iterator[None]:
    """Replace the package ``tensorflow`` by an empty one unless it is loaded already."""
    if "tensorflow" in sys.modules:
        yield
        return
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("tensorflow is not installed; tensorflow-serving-api needs its files")
    stand_in = ModuleType("tensorflow")
    stand_in.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = stand_in
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


with _bare_tensorflow():
    from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
    from tensorflow.core.protobuf import meta_graph_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_pb2,
        predict_pb2,
        prediction_service_pb2_grpc,
    )


class Management(NamedTuple):
    """The messages of a reload of a model server's configuration."""

    ModelServerConfig: Any
    ReloadConfigRequest: Any
    ReloadConfigResponse: Any


def management() -> Management:
    """Return these messages, which are loaded only for their configuration file."""
    with _bare_tensorflow():
        from tensorflow_serving.apis import model_management_pb2
        from tensorflow_serving.config import model_server_config_pb2
    return Management(
        model_server_config_pb2.ModelServerConfig,
        model_management_pb2.ReloadConfigRequest,
        model_management_pb2.ReloadConfigResponse,
    )


__all__ = [
    "Management",
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "management",
    "meta_graph_pb2",
    "model_pb2",
    "predict_pb2",
    "prediction_service_pb2_grpc",
    "tensor_pb2",
    "tensor_shape_pb2",
    "types_pb2",
]
