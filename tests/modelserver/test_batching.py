"""Batching over real sockets: which calls share a run, and what happens when a run fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from modelserver.batching.batcher import BatchRunner, BatchThreads
from modelserver.deadline import Deadline
from modelserver.execution.runner import DirectRunner
from modelserver.metrics import Metrics
from modelserver.options.batching import BatchingParameters
from modelserver.status import ServingError
from tests.modelserver import exported
from tests.modelserver.client import Client, floats, predict_request, refused, spec
from tests.modelserver.conftest import Serve

LONG = "batch_timeout_micros { value: 20000000 }"  # only a full batch runs


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """x -> x and the number of items in the run; fails if there is a negative one."""
    folder = tmp_path_factory.mktemp("counted")
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])
    def serve(x: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_non_negative(x)]):
            return {"x": tf.identity(x), "size": tf.fill(tf.shape(x)[:1], tf.shape(x)[0])}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="x")])
    def total(x: Any) -> Any:
        return {"total": tf.reduce_sum(x)}

    @tf.function(input_signature=[])
    def describe() -> Any:
        return {"text": tf.constant("hello")}

    exported.save(module, folder / "1", serving_default=serve, total=total, describe=describe)
    return folder


Start = Callable[[str], Client]


@pytest.fixture
def start(serve: Serve, counted: Path, tmp_path: Path) -> Start:
    """Starts a server with these batching parameters."""

    def begin(parameters: str) -> Client:
        file = tmp_path / "batching.config"
        file.write_text(parameters)
        return serve(
            model_base_path=counted,
            enable_batching=True,
            batching_parameters_file=file,
            enable_model_warmup=False,
        )

    return begin


def together(client: Client, *inputs: Any) -> list[Any]:
    """Send requests at the same time: their outputs, or the errors that they met."""

    def send(x: Any) -> Any:
        try:
            return client.predict("default", {"x": x})
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(inputs)) as pool:
        return list(pool.map(send, inputs))


def sizes(answers: Sequence[Any]) -> list[Any]:
    return [answer["size"].tolist() for answer in answers]


def test_calls_share_a_run_and_get_their_own_results(start: Start) -> None:
    client = start(f"max_batch_size {{ value: 4 }} {LONG}")
    answers = together(client, floats(1), floats(2, 3), floats(4))
    assert sizes(answers) == [[4], [4, 4], [4]]
    assert [answer["x"].tolist() for answer in answers] == [[1.0], [2.0, 3.0], [4.0]]


def test_a_batch_is_padded_to_an_allowed_size(start: Start) -> None:
    client = start("max_batch_size { value: 8 } allowed_batch_sizes: [ 1, 4, 8 ]")
    assert sizes(together(client, floats(1, 2, 3))) == [[4, 4, 4]]


def test_lengths_are_padded_on_request(start: Start) -> None:
    client = start(f"max_batch_size {{ value: 2 }} {LONG} pad_variable_length_inputs: true")
    answers = together(client, floats([1, 2, 3]), floats([4]))
    assert [answer["x"].tolist() for answer in answers] == [[[1, 2, 3]], [[4, 4, 4]]]


def test_incompatible_shapes(start: Start) -> None:
    client = start(f"max_batch_size {{ value: 2 }} {LONG}")
    for error in together(client, floats([1, 2, 3]), floats([4])):
        assert error.code().name == "FAILED_PRECONDITION"
        assert "from different tasks have different shapes" in error.details()


def test_a_failing_request_affects_only_itself(start: Start) -> None:
    client = start(f"max_batch_size {{ value: 3 }} {LONG}")
    good, bad, other = together(client, floats(1), floats(-1), floats(2))
    assert (good["x"].tolist(), other["x"].tolist()) == ([1.0], [2.0])
    assert bad.code().name == "INVALID_ARGUMENT"


def test_a_request_larger_than_a_batch(start: Start) -> None:
    client = start("max_batch_size { value: 2 }")
    with refused() as error:
        client.predict("default", {"x": floats(1, 2, 3)})
    assert (error.code, error.message) == (
        "INVALID_ARGUMENT",
        "Task size 3 is larger than maximum input batch size 2",
    )


def test_a_large_request_is_split_on_request(start: Start) -> None:
    client = start(
        "max_batch_size { value: 10 } max_execution_batch_size { value: 4 } "
        "enable_large_batch_splitting { value: true }"
    )
    [answer] = together(client, floats(*range(10)))
    assert answer["x"].tolist() == list(range(10))
    assert max(answer["size"]) == 4


class Meeting(DirectRunner):
    """Runs that end once ``parties`` of them are under way."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties, timeout=20)

    def run_now(
        self, feeds: Mapping[str, Any], fetches: Sequence[str], deadline: Deadline
    ) -> list[Any]:
        self._barrier.wait()
        return [feeds["x"]]


def test_the_parts_of_a_large_request_run_at_the_same_time() -> None:
    """As far as there are threads, all of which are idle before."""
    parameters = BatchingParameters(max_batch_size=12, split=True, max_execution_size=4)
    threads = BatchThreads(3, Metrics())
    [values] = BatchRunner(threads, parameters, Meeting(3)).run(
        {"x": np.arange(12)}, ["x"], Deadline()
    )
    assert values.tolist() == list(range(12))
    threads.stop()


def test_a_full_queue(start: Start) -> None:
    client = start(
        f"max_batch_size {{ value: 2 }} {LONG} max_enqueued_batches {{ value: 1 }} "
        "num_batch_threads { value: 1 }"
    )
    first = client.prediction.Predict.future(predict_request("default", {"x": floats(1)}))
    client.wait_for_call("default")
    for _ in range(100):  # some may still come before it
        [error] = together(client, floats(2, 3))
        if isinstance(error, Exception):
            break
    assert error.code().name == "UNAVAILABLE"
    assert "queue to which this task was submitted is full" in error.details()
    assert sizes(together(client, floats(4))) == [[2]], "the place beside the first is still free"
    assert list(first.result().outputs["x"].float_val) == [1.0]


def test_a_deadline_that_passes_in_the_queue(start: Start) -> None:
    client = start(f"max_batch_size {{ value: 2 }} {LONG}")
    with refused() as error:
        client.send(predict_request("default", {"x": floats(1)}), timeout=0.2)
    assert error.code == "DEADLINE_EXCEEDED"
    [answer] = together(client, floats(2))
    assert answer["size"].tolist() == [1], "the one that gave up was not run"


def test_types_do_not_mix(start: Start) -> None:
    client = start(f"max_batch_size {{ value: 2 }} {LONG}")
    results = together(client, np.array([1.0, 2.0]), floats(1), floats(2))
    assert results[0].code().name == "INVALID_ARGUMENT"
    assert sizes(results[1:]) == [[2], [2]]


def test_what_cannot_be_batched(start: Start) -> None:
    client = start("max_batch_size { value: 2 }")
    describe = client.predict(spec("default", signature="describe"), {})
    assert describe["text"].item() == b"hello", "a signature without inputs runs by itself"
    for inputs, code in (
        ({"x": np.float32(1)}, "INVALID_ARGUMENT"),
        ({"x": floats(1)}, "FAILED_PRECONDITION"),
    ):
        with refused() as error:
            client.predict(spec("default", signature="total"), inputs)
        assert error.code == code
    assert client.predict("default", {"x": floats()})["x"].shape == (0,), "nothing to batch"


def test_a_switch_of_versions_under_batching(serve: Serve, models: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    exported.half_plus(base / "1", offset=1.0)
    client = serve(model_base_path=base, enable_batching=True)
    exported.half_plus(tmp_path / "2", offset=2.0)
    (tmp_path / "2").rename(base / "2")
    client.wait_for("default", v1="END", v2="AVAILABLE")
    assert client.predict("default", {"x": floats(0)})["y"].tolist() == [2.0]


def test_parameters_of_one_version(serve: Serve, tmp_path: Path) -> None:
    exported.half_plus(tmp_path / "1")
    (tmp_path / "1" / "batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
    client = serve(
        model_base_path=tmp_path, enable_batching=True, enable_per_model_batching_parameters=True
    )
    with refused() as error:
        client.predict("default", {"x": floats(1, 2, 3)})
    assert "larger than maximum input batch size 2" in error.message
    exported.half_plus(tmp_path / "3")
    client.wait_for("default", v3="AVAILABLE")
    assert len(client.predict("default", {"x": np.zeros(2000, np.float32)})["y"]) == 2000


def test_a_file_without_batching(serve: Serve, counted: Path, tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="requires --enable_batching"):
        serve(model_base_path=counted, batching_parameters_file=tmp_path / "none")


def test_a_model_with_an_output_that_has_no_items_is_served(serve: Serve, models: Path) -> None:
    """Calls for that output fail, as in the real server, but those for others do not."""
    client = serve(model_base_path=models / "several", enable_batching=True)
    inputs = {"a": floats(1), "b": floats(2)}
    with refused() as error:
        client.predict("default", inputs)
    assert error.code == "FAILED_PRECONDITION"
    assert error.message == "Batched output tensor has 0 dimensions"
    described = client.predict(spec("default", signature="describe"), {})
    assert described["description"].item() == b'{"task": "none"}'
    assert client.predict("default", inputs, ["sum"])["sum"].tolist() == [3.0]
