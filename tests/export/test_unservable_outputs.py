"""Outputs that no client could receive are refused by name, and strings are compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.errors import ContractError, SourceError, lacking, reason_of
from export.serving import outputs
from export.tasks.selection import select_task
from export.tasks.task import Task, TaskOptions
from export.verification import checks, golden
from export.verification.comparison import compare
from export.verification.report import Report
from tests.export.opened import RED, answers, converted

SOUND = tf.constant([[0.2, 0.8], [0.6, 0.4]])


def chosen(found: dict[str, Any]) -> Task:
    def choose() -> Task:
        return select_task(outputs.arrays(found), TaskOptions())

    return outputs.select(choose, outputs.faults_of(found))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (tf.ragged.constant([[1.0], [2.0, 3.0]]), "is a RaggedTensor"),
        (tf.sparse.from_dense(SOUND), "is a SparseTensor"),
        (tf.complex(SOUND, SOUND), "complex numbers"),
        (tf.zeros([2, 0]), r"no values: its shape is \(2, 0\)"),
        (tf.constant(0.5), "one value for all images"),
    ],
)
def test_what_cannot_be_served(value: Any, words: str) -> None:
    with pytest.raises(SourceError, match=f"output a .*{words}.* --outputs NAME"):
        chosen({"a": value})


def test_what_is_not_read_does_no_harm() -> None:
    found = {
        "probabilities": SOUND,
        "signal": tf.complex(SOUND, SOUND),
        "mean": tf.constant(0.5),
    }
    assert chosen(found).name == "classification"


def test_tensors_that_are_called_classes_are_compared() -> None:
    alone = golden.rows_of({"classes": np.array([[1, 2], [3, 4]])})
    beside = golden.rows_of({"classes": np.array([1, 2]), "confidence": np.array([0.5, 0.6])})
    for rows in (alone, beside):
        assert compare("here", rows, rows).values
        with pytest.raises(ContractError, match="classes"):
            compare("here", rows[::-1], rows)


def test_strings_are_stored_and_compared(tmp_path: Path) -> None:
    found = {
        "name": np.array([b"cat", b"dog"], object),
        "names": np.array([[b"a"], [b"bc"]], object),
    }
    rows = golden.rows_of(found)
    (tmp_path / "assets.extra").mkdir()
    golden.Golden([b"1", b"2"], rows).save(tmp_path)
    stored = golden.load(tmp_path)
    assert stored is not None
    compare("here", rows, stored.rows)
    with pytest.raises(Exception, match="name differs"):
        compare("here", golden.rows_of({**found, "name": found["name"][::-1]}), stored.rows)


def test_bfloat16_is_served_as_float32(tmp_path: Path) -> None:
    module = tf.Module()
    module.call = tf.function(
        lambda image: {
            "scores": tf.cast(tf.reduce_mean(image, [1, 2]), tf.bfloat16),
            "part": tf.cast(image[:, :2, :2], tf.bfloat16),
        },
        [tf.TensorSpec([None, 8, 8, 3], tf.float32)],
    )
    tf.saved_model.save(module, str(tmp_path), module.call)
    conversion = converted(tmp_path)
    assert conversion.task.name == "classification"
    tensors = converted(tmp_path, TaskOptions("tensors"))
    for one, names in ((conversion, ["scores"]), (tensors, ["part", "scores"])):
        found = answers(one, RED)
        assert sorted(found) == names
        assert {value.dtype for value in found.values()} == {np.dtype(np.float32)}
    assert answers(conversion, RED)["scores"].tolist() == [[1, 0, 0]]


def test_tensors_that_are_called_like_a_detectors_outputs() -> None:
    rows = golden.rows_of({"detection_boxes": np.ones((2, 3)), "detection_scores": np.ones((2, 1))})
    assert compare("here", rows, rows).values == 8
    report, classes = Report("m/1"), [{"detection_classes": np.array([7]), "classes": np.array(7)}]
    checks.check_classes(report, golden.Golden([b""], classes), {"task": "tensors"})
    assert report.passed


class Failing:
    """A version that answers images with tensors of other sizes."""

    def batch_size(self, signature: str) -> None:
        return None

    def answer(self, signature: str, inputs: np.ndarray) -> None:
        message = "PartialTensorShape: Incompatible shapes during merge: [1] vs. [2]"
        raise tf.errors.InvalidArgumentError(None, None, message)


def checked(rows: list[golden.Row]) -> None:
    images = golden.Golden([b"image"] * len(rows), rows)
    checks.check_golden(Report("m/1"), Failing(), images, [2])  # type: ignore[arg-type]


def test_outputs_of_other_sizes_for_other_images() -> None:
    with pytest.raises(ContractError, match=r"other sizes for other images: .* or add --nms"):
        checked([{"scores": np.zeros(1)}] * 2)


def test_what_is_infinite_for_every_image() -> None:
    with pytest.raises(ContractError, match="logits is infinite for all images"):
        checked([{"logits": np.array([np.inf, -np.inf])}])


def test_what_tensorflow_lacks_for_a_graph() -> None:
    operation = ValueError("Op type not registered 'TRTEngineOp' in binary running on host. Make")
    assert reason_of(operation).startswith("it needs the operation TRTEngineOp, which TensorFlow")
    call = ValueError("Could not find callback with key=pyfunc_0 in the registry.")
    assert reason_of(call).startswith("it calls Python functions (tf.py_function")
    assert lacking(ValueError("shapes")) is None


def test_rows_that_do_not_belong_to_images() -> None:
    with pytest.raises(SourceError, match=r"fails on 16 images: .*--outputs NAME"):
        golden.run(lambda some: {"a": tf.reshape(tf.zeros([48]), [12])}, [b""] * 16, None)
