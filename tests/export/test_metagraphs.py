"""SavedModels with several graphs, and what ``--tags`` chooses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2

from export.errors import SourceError
from export.verification.loaded_version import LoadedVersion
from tests.export.opened import BLUE, GREEN, RED, answers, converted

v1 = tf.compat.v1


def saved(folder: Path, *tag_sets: list[str], resource: bool = True, text: bool = False) -> Path:
    """Write a SavedModel with a graph for each set of tags; each shifts the classes by one more."""
    builder = v1.saved_model.Builder(str(folder))
    for number, tags in enumerate(tag_sets):
        with tf.Graph().as_default(), v1.Session() as session:
            image = v1.placeholder(tf.float32, [None, 8, 8, 3], name="image")
            eye = np.eye(3, dtype=np.float32)
            weights = v1.get_variable("w", initializer=eye, use_resource=resource)
            mean = tf.roll(tf.reduce_mean(image, [1, 2]), number, axis=1)
            outputs = {"probabilities": tf.nn.softmax(10 * mean @ weights)}
            signature = v1.saved_model.predict_signature_def({"image": image}, outputs)
            session.run(v1.global_variables_initializer())
            signatures = {"serving_default": signature}
            if number == 0:
                builder.add_meta_graph_and_variables(session, tags, signatures)
            else:
                builder.add_meta_graph(tags, signatures)
    builder.save(as_text=text)
    return folder


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize(
    ("tag_sets", "tags", "first"),
    [
        ([["serve"]], None, 0),
        ([["serve"], ["train"]], None, 0),
        ([["train"], ["serve"]], None, 1),
        ([["train"], ["serve"]], ("train",), 0),
        ([["serve", "gpu"], ["serve"]], None, 1),
        ([["serve"], ["serve", "gpu"]], ("gpu", "serve"), 1),
        ([["train"]], None, 0),
        ([["train"], []], None, 1),
        ([["train"], []], ("train",), 0),
        ([["serve", "tpu"], ["train"]], None, 0),
    ],
)
def test_the_graph_that_is_served(
    tmp_path: Path,
    tag_sets: list[list[str]],
    tags: tuple[str, ...] | None,
    first: int,
    text: bool,
    resource: bool,
) -> None:
    folder = saved(tmp_path / "saved", *tag_sets, resource=resource, text=text)
    found = converted(folder, tags=tags)
    classes = answers(found, RED, GREEN, BLUE)["probabilities"].argmax(axis=1)
    assert classes.tolist() == [first % 3, (first + 1) % 3, (first + 2) % 3]


@pytest.mark.parametrize(
    ("tag_sets", "tags", "words"),
    [
        (
            [["train"], ["eval"]],
            None,
            "has 2 graphs, choose with --tags: train, eval",
        ),
        (
            [["serve"], ["train", "gpu"]],
            ("train",),
            "has 2 graphs, none with the tags train: choose with --tags: serve, train,gpu",
        ),
    ],
)
def test_graphs_that_must_be_chosen(
    tmp_path: Path, tag_sets: list[list[str]], tags: tuple[str, ...] | None, words: str
) -> None:
    folder = saved(tmp_path / "saved", *tag_sets)
    with pytest.raises(SourceError) as caught:
        converted(folder, tags=tags)
    assert str(caught.value) == f"{folder} {words}"


@pytest.mark.parametrize("contents", [b"", b"\x08\x01", b"\x08\x01\x12\xff\xff\x03abc"])
def test_a_damaged_graph(tmp_path: Path, contents: bytes) -> None:
    (tmp_path / "saved_model.pb").write_bytes(contents)
    with pytest.raises(SourceError, match="truncated"):
        converted(tmp_path)


VERSIONS = ("1.12.0-PAI", "2.4.0-rc1", "1.15.0+nv", "unknown", " ", "")


def written_by(folder: Path, version: str) -> Path:
    """Have the graphs in ``folder`` say which TensorFlow wrote them."""
    path = next(folder.glob("saved_model.pb*"))
    is_text = path.suffix == ".pbtxt"
    model = saved_model_pb2.SavedModel()
    if is_text:
        text_format.Parse(path.read_text("utf-8"), model)
    else:
        model.ParseFromString(path.read_bytes())
    for graph in model.meta_graphs:
        graph.meta_info_def.tensorflow_version = version
    text = text_format.MessageToString(model).encode()
    path.write_bytes(text if is_text else model.SerializeToString())
    return folder


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("version", VERSIONS)
def test_any_build_of_tensorflow(tmp_path: Path, version: str, text: bool, resource: bool) -> None:
    folder = saved(tmp_path / "run [1]", ["train"], ["serve"], resource=resource, text=text)
    found = converted(written_by(folder, version))
    assert answers(found, GREEN)["probabilities"].argmax() == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_of_any_build_is_verified(tmp_path: Path, version: str) -> None:
    folder = written_by(saved(tmp_path / "1", ["serve"]), version)
    assert LoadedVersion(folder).names() == {"serving_default"}
