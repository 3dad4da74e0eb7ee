"""Measure where the time of a call goes.

``python -m modelserver.benchmarks.inference VERSION_DIRECTORY`` takes a model of encoded images. It
prints how long a batch spends outside TensorFlow (parsing and decoding the request, encoding and
serializing the response), the throughput with several concurrent calls, and the cost of each output
format.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from PIL import Image

from modelserver.execution.runtime import import_tensorflow

import_tensorflow()

from tensorflow_serving.apis import model_pb2, predict_pb2  # noqa: E402

from modelserver.api.predict import predict  # noqa: E402
from modelserver.app import ModelServer  # noqa: E402
from modelserver.benchmarks.channel import open_channel  # noqa: E402
from modelserver.codec import encode  # noqa: E402
from modelserver.codec.dtypes import Array  # noqa: E402
from modelserver.deadline import Deadline  # noqa: E402
from modelserver.execution import saved_model  # noqa: E402
from modelserver.execution.graph_session import GraphSession  # noqa: E402
from modelserver.execution.model import Model  # noqa: E402
from modelserver.lifecycle import model_config  # noqa: E402
from modelserver.metrics import Metrics  # noqa: E402
from modelserver.options.flags import Options  # noqa: E402
from modelserver.options.sessions import session_config  # noqa: E402

PICTURE_BYTES = 40_000
ANSWER_VALUES = 150_000
IN_FLIGHT = (1, 2, 3, 4)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m modelserver.benchmarks.inference")
    parser.add_argument("version_directory", help="a SavedModel of encoded images")
    parser.add_argument("--batch", type=int, default=16, help="images per call")
    parser.add_argument("--rounds", type=int, default=100, help="calls per measurement")
    parser.add_argument(
        "--tensorflows_threads",
        action="store_true",
        help="let TensorFlow choose the number of threads",
    )
    given = parser.parse_args(arguments)
    print(f"{given.batch} images of 40 KB per call, {given.rounds} calls per measurement")
    session, signatures, _ = saved_model.load(
        given.version_directory, ["serve"], _session_config(given.tensorflows_threads)
    )
    wire = request(signatures["serving_default"], given.batch)
    runner = _Timed(session)
    model = Model("digits", 1, signatures, runner, Metrics())
    outside_tensorflow(model, runner, wire, given.rounds)
    runs(model, wire, given.batch, given.rounds)
    model.close()
    over_grpc(given.version_directory, wire, given.batch, given.rounds)
    responses(given.rounds)
    return 0


def outside_tensorflow(model: Model, runner: _Timed, wire: bytes, rounds: int) -> None:
    """Measure a call on the server side, without the run itself."""
    runner.times.clear()
    whole = [_time(lambda: answer(model, wire)) for _ in range(rounds)]
    outside = [total - run for total, run in zip(whole, runner.times, strict=True)]
    print(f"outside TensorFlow  {_ms(outside)} of {_ms(whole)}")


def runs(model: Model, wire: bytes, batch: int, rounds: int) -> None:
    """Measure concurrent calls without gRPC."""
    for in_flight in IN_FLIGHT:
        processor = time.process_time()
        rate, calls = _rate(lambda: answer(model, wire), in_flight, rounds)
        cost = (time.process_time() - processor) / calls / batch
        print(
            f"{in_flight} concurrent        {rate * batch:6.0f} images/s, "
            f"{cost * 1000:.2f} ms of CPU time per image"
        )


def over_grpc(path: str, wire: bytes, batch: int, rounds: int) -> None:
    """Measure calls over gRPC on this machine; the figures include the client's CPU time."""
    base = os.path.dirname(os.path.abspath(path))
    options = Options(port=0, model_base_path=base, model_name="digits")
    server = ModelServer(options, model_config.initial(options))
    server.load()
    server.open()
    with open_channel(server.port) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        for in_flight in IN_FLIGHT:
            rate, _ = _rate(lambda: call(wire), in_flight, rounds)
            print(f"{in_flight} concurrent        {rate * batch:6.0f} images/s over gRPC")
    server.stop(0)


def responses(rounds: int) -> None:
    """Measure encoding and serializing a response, in typed fields and in ``tensor_content``."""
    values = np.random.default_rng(0).random(ANSWER_VALUES) - 0.5
    arrays = {
        "float32": values.astype(np.float32),
        "float64": values,
        "uint8": (values * 2**9).astype(np.uint8),
        "int32 below 2^7": np.abs(values * 2**8).astype(np.int32),
        "int32 below 2^14": np.abs(values * 2**15).astype(np.int32),
        "int32 below 2^28": np.abs(values * 2**29).astype(np.int32),
        "int32 of both signs": (values * 2**31).astype(np.int32),
        "int64 of both signs": (values * 2**62).astype(np.int64),
    }
    for name, array in arrays.items():
        typed = [_time(partial(write, array, False)) for _ in range(rounds)]
        content = [_time(partial(write, array, True)) for _ in range(rounds)]
        print(f"{ANSWER_VALUES} {name:20} typed fields {_ms(typed)}, tensor_content {_ms(content)}")


def answer(model: Model, wire: bytes) -> bytes:
    """Process a call as the server does, from bytes to bytes."""
    parsed = predict_pb2.PredictRequest.FromString(wire)
    return predict(model, parsed, Deadline.after(60))


def write(array: Any, as_content: bool) -> None:
    """Serialize a response with one output."""
    encode.predict_response(model_pb2.ModelSpec(name="m"), {"y": array}, as_content)


def request(signature: Any, batch: int) -> bytes:
    """Return a serialized PredictRequest with a batch of images."""
    [alias] = signature.inputs
    message = predict_pb2.PredictRequest()
    message.model_spec.name = "digits"
    proto = message.inputs[alias]
    proto.dtype = signature.inputs[alias].dtype
    proto.tensor_shape.dim.add().size = batch
    proto.string_val.extend([picture()] * batch)
    return bytes(message.SerializeToString())


def picture() -> bytes:
    """Return a 640x480 JPEG of about ``PICTURE_BYTES``."""
    noise = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC)
    encoded = b""
    for quality in range(20, 96):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        encoded = stream.getvalue()
        if len(encoded) >= PICTURE_BYTES:
            break
    return encoded


class _Timed:
    """A runner that records the duration of its runs."""

    def __init__(self, session: GraphSession) -> None:
        self._session = session
        self.times: list[float] = []

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        started = time.perf_counter()
        values = self._session.run(feeds, fetches, deadline.left())
        self.times.append(time.perf_counter() - started)
        return values

    def close(self) -> None:
        self._session.close()


def _session_config(tensorflows_threads: bool) -> Any:
    chosen = session_config()
    if tensorflows_threads:
        chosen.intra_op_parallelism_threads = chosen.inter_op_parallelism_threads = 0
    return chosen


def _rate(call: Callable[[], Any], in_flight: int, rounds: int) -> tuple[float, int]:
    """Return the calls per second with ``in_flight`` concurrent calls, and how many were made."""
    share = max(1, rounds // in_flight)

    def work() -> None:
        for _ in range(share):
            call()

    threads = [threading.Thread(target=work) for _ in range(in_flight)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return share * in_flight / (time.perf_counter() - started), share * in_flight


def _time(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _ms(times: Sequence[float]) -> str:
    return f"{statistics.median(times) * 1000:.2f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
