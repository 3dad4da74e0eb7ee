"""The parts of TensorFlow that serving needs, without the rest.

``import tensorflow`` loads five times as many modules: Keras, datasets, distribution, TensorFlow
Lite and all operations of its Python API. A graph needs none of these, because its operations are
written in C++. So the model server puts an empty package in TensorFlow's place (``install``),
and this module imports the parts by their own names. Where TensorFlow has been imported already,
they are the same.

No other module of the model server uses TensorFlow's private names. setup.cfg pins TensorFlow to
one minor version, because another one may change them.
"""

from __future__ import annotations

from tensorflow.core.protobuf.config_pb2 import CallableOptions, ConfigProto, RunOptions
from tensorflow.python import tf2
from tensorflow.python.client import pywrap_tf_session as c_api
from tensorflow.python.client.session import Session
from tensorflow.python.framework import errors
from tensorflow.python.framework.dtypes import as_dtype
from tensorflow.python.framework.ops import Graph, dismantle_graph
from tensorflow.python.lib.io.tf_record import tf_record_iterator

# What graphs of TensorFlow 1 have in their collections.
from tensorflow.python.ops import ref_variable
from tensorflow.python.saved_model.loader_impl import SavedModelLoader
from tensorflow.python.training import queue_runner_impl

tf2.enable()

__all__ = [
    "CallableOptions",
    "ConfigProto",
    "Graph",
    "RunOptions",
    "SavedModelLoader",
    "Session",
    "as_dtype",
    "c_api",
    "dismantle_graph",
    "errors",
    "queue_runner_impl",
    "ref_variable",
    "tf_record_iterator",
]
