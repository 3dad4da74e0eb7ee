"""The stubs load without TensorFlow, and do not stand in its way."""

from __future__ import annotations

import subprocess
import sys

_MEMORY = """
import sys
import grpc, msgpack, numpy, PIL.Image, tornado.web
from server.backend import stubs
assert "tensorflow.python" not in sys.modules, "TensorFlow was loaded"
assert "tensorflow" not in sys.modules, "the stand-in stayed"
stubs.predict_pb2.PredictRequest().inputs["x"].string_val.append(b"x")
print(open("/proc/self/status").read().split("VmRSS:")[1].split()[0])
"""

_EITHER_ORDER = """
import sys
sys.modules["keras"] = None  # a quarter of the import, which has no part in it
for name in sys.argv[1:]:
    __import__(name)
import tensorflow as tf
from server.backend.stubs import predict_pb2, tensor_pb2
tensor = tf.make_tensor_proto([1.0, 2.0])
assert isinstance(tensor, tensor_pb2.TensorProto)
predict_pb2.PredictRequest().inputs["x"].CopyFrom(tensor)
assert tf.reduce_sum(tf.constant([1, 2])).numpy() == 3
"""


def _python(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _output(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return out


def test_stubs_cost_little_memory() -> None:
    assert int(_output(_python(_MEMORY))) < 60 * 1024


def test_stubs_and_tensorflow_share_a_process_in_either_order() -> None:
    first = _python(_EITHER_ORDER, "server.backend.stubs", "tensorflow")
    _output(first)
    _output(_python(_EITHER_ORDER, "tensorflow", "server.backend.stubs"))
