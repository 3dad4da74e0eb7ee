"""Warm-up: recorded requests, synthetic inputs, and what fails a load."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import prediction_log_pb2

from modelserver.execution import saved_model
from modelserver.execution.concurrency import ConcurrencyLimiter
from modelserver.execution.model import Model
from modelserver.execution.runner import DirectRunner
from modelserver.lifecycle import warmup
from modelserver.metrics import Metrics
from modelserver.options.sessions import session_config
from modelserver.status import ServingError
from tests.modelserver import exported, exported_v1
from tests.modelserver.client import floats, predict_request


class Watching(Model):
    """A model that records the shapes of its inputs."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.runs: list[list[tuple[int, ...]]] = []

    def run(self, feeds: Any, *rest: Any) -> list[Any]:
        self.runs.append([value.shape for value in feeds.values()])
        return super().run(feeds, *rest)


def load(path: Path) -> Watching:
    saved = saved_model.load(str(path), ["serve"], session_config())
    return Watching(
        "m", 1, saved.signatures, DirectRunner(saved.session, ConcurrencyLimiter(2, 10)), Metrics()
    )


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("half_plus", [[(1,)], [(16,)]]),
        ("pictures", [[(1,)], [(16,)]]),
        ("one_at_a_time", [[(1, 1, 1, 3)]]),
        ("several", [[], [(2, 3)], [(1,), (1,)], [(16,), (16,)]]),
    ],
)
def test_synthetic_inputs_reach_every_signature(models: Path, name: str, runs: list[Any]) -> None:
    model = load(models / name / "1")
    warmup.warm_up(model, str(models / name / "1"))
    assert model.runs == runs


def test_shapes_are_tried_for_an_input_of_unknown_rank(tmp_path: Path) -> None:
    model = load(exported.unknown_rank(tmp_path / "1"))
    warmup.warm_up(model, str(tmp_path / "1"))
    assert model.runs[-2:] == [[(1, 224, 224, 3)], [(16, 224, 224, 3)]]


@pytest.mark.parametrize(
    ("export", "message"),
    [
        (lambda path: exported_v1.vocabulary(path, initialize=False), "Table not initialized"),
        (exported_v1.renamed_tensor, "FetchOutputs node gone:0: not found"),
    ],
)
def test_a_default_signature_that_cannot_run_fails_the_load(
    tmp_path: Path, export: Any, message: str
) -> None:
    model = load(export(tmp_path / "1"))
    with pytest.raises(ServingError, match=f"serving_default cannot run: .*{message}"):
        warmup.warm_up(model, str(tmp_path / "1"))


@pytest.mark.parametrize("kinds", [["ragged"], ["sparse"], ["ragged", "dense"]])
def test_outputs_that_no_call_returns_do_not_fail_the_load(
    tmp_path: Path, kinds: list[str]
) -> None:
    """TensorFlow Serving loads such versions, and clients learn from their metadata."""
    path = exported.encoded_outputs(tmp_path / "1", *kinds)
    warmup.warm_up(load(path), str(path))


def test_the_image_can_be_decoded() -> None:
    info = meta_graph_pb2.TensorInfo(dtype=types_pb2.DT_STRING)
    info.tensor_shape.dim.add().size = -1
    value = warmup.synthesize(info, 2, warmup.image())
    assert value.shape == (2,)
    assert tf.io.decode_jpeg(value[1]).shape == (480, 640, 3)


def test_a_signature_that_rejects_all_inputs_is_reported(models: Path, caplog: Any) -> None:
    caplog.set_level("INFO")
    warmup.warm_up(load(models / "failing" / "1"), str(models / "failing" / "1"))
    [record] = [r for r in caplog.records if r.name == "modelserver.lifecycle.warmup"]
    assert "signature serving_default not warmed up: " in record.getMessage()


def recorded(models: Path, folder: Path, records: Iterable[bytes]) -> Path:
    """Export a copy of half_plus that contains warm-up requests."""
    path = Path(shutil.copytree(models / "half_plus" / "1", folder / "1"))
    (path / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(path / warmup.RECORDS)) as writer:
        for record in records:
            writer.write(record)
    return path


def log(request: Any) -> bytes:
    predict_log = prediction_log_pb2.PredictLog(request=request)
    return prediction_log_pb2.PredictionLog(predict_log=predict_log).SerializeToString()


def test_records_are_replayed(models: Path, tmp_path: Path) -> None:
    request = predict_request("any name", {"x": floats(1, 2, 3)})
    path = recorded(models, tmp_path, [log(request)] * 2)
    model = load(path)
    warmup.warm_up(model, str(path), iterations=3)
    assert model.runs == [[(3,)]] * 6


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (log(predict_request("m", {"x": np.array([1.0])})), "to be float but double"),
        (b"\xff\xff", "Failed to parse warmup record"),
        (
            prediction_log_pb2.PredictionLog(
                session_run_log=prediction_log_pb2.SessionRunLog()
            ).SerializeToString(),
            "Unsupported log_type for warmup: session_run_log",
        ),
    ],
)
def test_a_failing_record_fails_the_load(
    models: Path, tmp_path: Path, record: bytes, message: str
) -> None:
    path = recorded(models, tmp_path, [record])
    with pytest.raises(ServingError, match=message):
        warmup.warm_up(load(path), str(path))


def test_too_many_records_fail_the_load(models: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(warmup, "MAX_RECORDS", 2)
    path = recorded(models, tmp_path, [log(predict_request("m", {"x": floats(1)}))] * 3)
    with pytest.raises(ServingError, match="exceeds the maximum"):
        warmup.warm_up(load(path), str(path))


def test_a_file_that_is_not_a_tfrecord_fails_the_load(models: Path, tmp_path: Path) -> None:
    path = recorded(models, tmp_path, [])
    (path / warmup.RECORDS).write_bytes(b"not a record at all, but long enough")
    with pytest.raises(ServingError, match="verify your warmup data is in TFRecord format"):
        warmup.warm_up(load(path), str(path))


def test_an_empty_record_is_skipped(models: Path, tmp_path: Path) -> None:
    path = recorded(models, tmp_path, [prediction_log_pb2.PredictionLog().SerializeToString()])
    model = load(path)
    warmup.warm_up(model, str(path))
    assert model.runs == []
