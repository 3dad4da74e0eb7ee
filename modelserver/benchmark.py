"""``python -m modelserver.benchmark VERSION_DIRECTORY``: where the time of a call goes.

For a model that takes encoded pictures. It prints how long a batch takes outside TensorFlow (the
request parsed and decoded, the response encoded and serialized), how many pictures a second are
answered over gRPC with several calls in flight, and what each way of writing an answer costs.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelserver.runtime import import_tensorflow

PICTURE_BYTES = 40_000
ANSWER_VALUES = 150_000


def main(arguments: Sequence[str]) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m modelserver.benchmark")
    parser.add_argument("version_directory", help="a SavedModel that takes encoded pictures")
    parser.add_argument("--batch", type=int, default=16, help="pictures in a call")
    parser.add_argument("--rounds", type=int, default=100, help="calls for each figure")
    given = parser.parse_args(arguments)
    import_tensorflow()
    _measure(given.version_directory, given.batch, given.rounds)
    return 0


def _measure(path: str, batch: int, rounds: int) -> None:
    from modelserver.savedmodel import load

    session, signatures = load(path, ["serve"], _config())
    wire = _request(signatures["serving_default"], batch)
    print(f"{batch} pictures of {PICTURE_BYTES // 1000} KB in a call, {rounds} calls a figure")
    _outside(session, signatures, wire, rounds)
    session.close()
    _over_grpc(path, wire, batch, rounds)
    _answers(rounds)


def _config() -> Any:
    from modelserver.runtime import session_config

    return session_config()


def _outside(session: Any, signatures: Mapping[str, Any], wire: bytes, rounds: int) -> None:
    from tensorflow_serving.apis import predict_pb2

    from modelserver.deadline import Deadline
    from modelserver.metrics import Metrics
    from modelserver.model import Model
    from modelserver.predict import predict

    runner = _Timed(session)
    model = Model("digits", 1, signatures, runner, Metrics())

    def call() -> None:
        request = predict_pb2.PredictRequest.FromString(wire)
        predict(model, request, Deadline.after(60)).SerializeToString()

    whole = [_time(call) for _ in range(rounds)]
    outside = [total - run for total, run in zip(whole, runner.times, strict=True)]
    print(f"outside TensorFlow  {_ms(outside)} (the run itself {_ms(runner.times)})")


class _Timed:
    """A runner that times the runs."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.times: list[float] = []

    def run(self, feeds: Any, fetches: Any, deadline: Any) -> list[Any]:
        started = time.perf_counter()
        values: list[Any] = self._session.run(feeds, fetches, None)
        self.times.append(time.perf_counter() - started)
        return values

    def close(self) -> None:
        self._session.close()


def _over_grpc(path: str, wire: bytes, batch: int, rounds: int) -> None:
    import os

    import grpc

    from modelserver import config
    from modelserver.app import ModelServer
    from modelserver.options import Options

    base = os.path.dirname(os.path.abspath(path))
    options = Options(port=0, model_base_path=base, model_name="digits")
    server = ModelServer(options, config.initial(options))
    server.load()
    server.open()
    with grpc.insecure_channel(f"localhost:{server.port}") as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        for in_flight in (1, 2, 3, 4):
            rate = batch * _rate(lambda: call(wire), in_flight, rounds)
            print(f"over gRPC           {rate:6.0f} pictures/s with {in_flight} calls in flight")
    server.stop(0)


def _rate(call: Callable[[], Any], in_flight: int, rounds: int) -> float:
    """Calls a second, with so many at once."""

    def work() -> None:
        for _ in range(rounds // in_flight):
            call()

    threads = [threading.Thread(target=work) for _ in range(in_flight)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return rounds // in_flight * in_flight / (time.perf_counter() - started)


def _answers(rounds: int) -> None:
    """What it costs to write and serialize an answer in typed fields, and in tensor_content."""
    import numpy as np
    from tensorflow_serving.apis import predict_pb2

    from modelserver import tensors

    values = np.random.default_rng(0).random(ANSWER_VALUES)
    for dtype in (np.float32, np.float64, np.int32):
        array = (values * 255).astype(dtype)

        def write(as_content: bool, array: Any = array) -> None:
            response = predict_pb2.PredictResponse()
            tensors.encode(array, response.outputs["y"], as_content)
            response.SerializeToString()

        typed = [_time(lambda: write(False)) for _ in range(rounds)]
        content = [_time(lambda: write(True)) for _ in range(rounds)]
        print(
            f"{ANSWER_VALUES} {array.dtype!s:8}     typed fields {_ms(typed)}, "
            f"tensor_content {_ms(content)}"
        )


def _request(signature: Any, batch: int) -> bytes:
    from tensorflow_serving.apis import predict_pb2

    [alias] = signature.inputs
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "digits"
    proto = request.inputs[alias]
    proto.dtype = signature.inputs[alias].dtype
    proto.tensor_shape.dim.add().size = batch
    proto.string_val.extend([_picture()] * batch)
    return bytes(request.SerializeToString())


def _picture() -> bytes:
    """A JPEG of 640x480 with as much detail as makes it about the size wanted."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC)
    encoded = b""
    for quality in range(20, 96):
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality)
        encoded = stream.getvalue()
        if len(encoded) >= PICTURE_BYTES:
            break
    return encoded


def _time(call: Callable[[], None]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _ms(times: Sequence[float]) -> str:
    return f"{statistics.median(times) * 1000:.2f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
