"""Options of the components, and flags that contradict each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from loadtest.stack import free_port
from modelserver.options import components
from modelserver.options.flags import Options
from modelserver.status import ServingError
from tests.modelserver.client import floats, predict_request, refused
from tests.modelserver.conftest import Serve

X = floats(2)


def test_answers_in_tensor_content(serve: Serve, models: Path) -> None:
    client = serve(
        model_base_path=models / "half_plus", enable_serialization_as_tensor_content=True
    )
    output = client.send(predict_request("default", {"x": X})).outputs["y"]
    assert not output.float_val
    assert np.frombuffer(output.tensor_content, np.float32).tolist() == [3.0]


def test_strings_in_tensor_content(serve: Serve, models: Path) -> None:
    client = serve(model_base_path=models / "lengths", enable_serialization_as_tensor_content=True)
    texts = [b"a", b"x" * 300, b""]
    response = client.send(predict_request("default", {"text": np.array(texts, object)}))
    output = response.outputs["reversed"]
    assert not output.string_val
    read = tf.io.parse_tensor(output.SerializeToString(), tf.string)
    assert read.numpy().tolist() == texts[::-1]


def test_channel_arguments(serve: Serve, models: Path) -> None:
    client = serve(
        model_base_path=models / "half_plus",
        grpc_channel_arguments="grpc.max_receive_message_length=1000,grpc.primary_user_agent=me",
    )
    assert client.predict("default", {"x": X})["y"].tolist() == [3.0]
    with refused() as error:
        client.predict("default", {"x": np.zeros(1000, np.float32)})
    assert error.code == "RESOURCE_EXHAUSTED"


def test_few_threads_answer_all(serve: Serve, models: Path) -> None:
    client = serve(
        model_base_path=models / "half_plus",
        rest_api_port=free_port(),
        grpc_max_threads=1,
        rest_api_num_threads=1,
    )
    calls = [
        client.prediction.Predict.future(predict_request("default", {"x": X}), timeout=30)
        for _ in range(20)
    ]
    assert {call.result().outputs["y"].float_val[0] for call in calls} == {3.0}
    assert client.http("GET", "/v1/models/default")[0] == 200


def test_parallel_loads_and_repeated_warm_up() -> None:
    assert components.manager(Options(num_load_threads=3)).load_threads == 3
    assert components.loader(Options(num_request_iterations_for_warmup=4)).warm_up_iterations == 4
    off = Options(num_request_iterations_for_warmup=4, enable_model_warmup=False)
    assert components.loader(off).warm_up_iterations == 0


@pytest.mark.parametrize(
    ("flags", "threads"),
    [
        ({"tensorflow_session_parallelism": 3}, (3, 3)),
        ({"tensorflow_intra_op_parallelism": 5, "tensorflow_inter_op_parallelism": 4}, (5, 4)),
        ({"tensorflow_session_parallelism": 3, "tensorflow_inter_op_parallelism": 4}, (3, 4)),
    ],
)
def test_threads_of_tensorflow(flags: Any, threads: tuple[int, int]) -> None:
    config = components.loader(Options(**flags)).config
    assert (config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) == threads


def test_flags_override_a_session_config_file(tmp_path: Path) -> None:
    file = tmp_path / "session.config"
    file.write_text("inter_op_parallelism_threads: 7 operation_timeout_in_ms: 9")
    options = Options(tensorflow_session_config_file=str(file))
    config = components.loader(options).config
    assert (config.inter_op_parallelism_threads, config.operation_timeout_in_ms) == (7, 9)
    options = Options(tensorflow_session_config_file=str(file), tensorflow_inter_op_parallelism=2)
    config = components.loader(options).config
    assert (config.inter_op_parallelism_threads, config.operation_timeout_in_ms) == (2, 9)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"use_alts_credentials": True, "ssl_config_file": "f"}, "not both"),
        (
            {
                "tensorflow_session_parallelism": 1,
                "tensorflow_intra_op_parallelism": 1,
                "tensorflow_inter_op_parallelism": 1,
            },
            "not all",
        ),
        ({"grpc_channel_arguments": "grpc.nonsense"}, "is not name=value"),
        ({"grpc_channel_arguments": f"a={2**31}"}, "2147483648 does not fit into 32 bits"),
        ({"grpc_channel_arguments": f"a={'9' * 5000}"}, "does not fit into 32 bits"),
    ],
)
def test_contradictory_flags(flags: Any, message: str) -> None:
    options = Options(**flags)
    with pytest.raises(ServingError, match=message):
        _ = components.loader(options), components.grpc(options)
