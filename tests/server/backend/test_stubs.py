"""The stubs load without TensorFlow, and do not stand in its way."""

from __future__ import annotations

import subprocess
import sys

from tests import forked
from tests.conftest import ROOT

_MEMORY = """
import sys
import grpc, msgpack, numpy, PIL.Image, tornado.web
from server.backend import stubs
assert "tensorflow.python" not in sys.modules, "TensorFlow was loaded"
assert "tensorflow" not in sys.modules, "the stand-in stayed"
stubs.predict_pb2.PredictRequest().inputs["x"].string_val.append(b"x")
print(open("/proc/self/status").read().split("VmRSS:")[1].split()[0])
"""

_STUBS_FIRST = """
import sys
sys.modules["keras"] = None  # a quarter of the import, which has no part in it
import server.backend.stubs
from tests.server.backend import shared_messages
assert list(sys.modules).index("server.backend.stubs") < list(sys.modules).index("tensorflow")
"""


def _python(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def _output(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    return out


def test_stubs_cost_little_memory() -> None:
    assert int(_output(_python(_MEMORY))) < 60 * 1024


def test_stubs_and_tensorflow_share_a_process_in_either_order() -> None:
    _output(_python(_STUBS_FIRST))
    after = forked.run(
        "tests.server.backend.shared_messages"
    )  # from a process that begins with TensorFlow
    assert after.returncode == 0, after.stderr
