"""What each kind of source becomes: the right values, and the signatures as far as it allows."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import warmup
from export.__main__ import main
from export.verification import report
from tests.export import trained_models

v1 = tf.compat.v1
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


class Exported:
    """A version, loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded = tf.saved_model.load(str(folder))
        self.signatures: Any = self._loaded.signatures
        self.described = json.loads(self.signatures["describe"]()["description"].numpy())

    def classes(self, *colours: tuple[int, int, int]) -> list[int]:
        """The best class of pictures of one colour."""
        found = self.signatures["serving_default"](image=tf.constant([png(c) for c in colours]))
        [scores] = [value for name, value in found.items() if name != "classes"]
        return scores.numpy().argmax(axis=1).tolist()

    def check(self, name: str) -> str:
        """What was found by a check when it was made."""
        checks = json.loads((self.folder / report.FILE).read_text())["checks"]
        return next(check["found"] for check in checks if check["name"] == name)


def png(colour: tuple[int, int, int], size: tuple[int, int] = (20, 10)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def export(folder: Path, *options: str) -> Exported:
    target = folder / "model"
    arguments = ["savedmodel", *options, f"--output={target}", "--verify=quick"]
    assert main(arguments) == 0
    return Exported(target / "1")


class Module(tf.Module):
    """Colours as a plain module, that makes its variable when it is first called."""

    @tf.Module.with_name_scope
    def __call__(self, pictures: tf.Tensor) -> tf.Tensor:
        if not hasattr(self, "kernel"):
            self.kernel = tf.Variable(tf.zeros([3, 3]), name="kernel")
        return tf.reduce_mean(pictures, [1, 2]) @ self.kernel


def test_a_module_and_its_checkpoint_under_any_name(tmp_path: Path) -> None:
    module = Module()
    module(tf.zeros([1, 8, 8, 3]))
    module.kernel.assign(np.eye(3)[::-1])
    checkpoint = tf.train.Checkpoint(network=module, step=tf.Variable(7), spare=tf.Variable(1.0))
    checkpoint.save(str(tmp_path / "run" / "ckpt"))
    found = export(
        tmp_path,
        f"--from={tmp_path / 'run'}",
        "--model=tests.export.test_sources:Module",
        "--size=8x8",
        "--scale=0..1",
    )
    assert found.classes(RED, GREEN, BLUE) == [2, 1, 0]
    assert found.check("variables") == "1 restored; not needed: spare"
    assert found.described["made_from"].startswith("ckpt-1 sha256:")


def test_keras_weights_and_channels_turned_round(tmp_path: Path) -> None:
    trained_models.keras_files(tmp_path)
    found = export(
        tmp_path,
        f"--from={tmp_path / 'colours.weights.h5'}",
        "--model=tests.export.trained_models:colours",
        "--scale=none",
        "--channels=bgr",
    )
    assert found.classes(RED, BLUE) == [2, 0]


def test_a_fixed_batch_keeps_its_size(tmp_path: Path) -> None:
    image = tf.keras.Input([8, 8, 3], batch_size=4)
    head = tf.keras.layers.Dense(3, use_bias=False)
    outputs = head(tf.keras.layers.GlobalAveragePooling2D()(image))
    head.set_weights([np.eye(3)])
    tf.keras.Model(image, outputs).save(tmp_path / "four.keras")
    found = export(tmp_path, f"--from={tmp_path / 'four.keras'}", "--scale=0..1")
    for name in ("serving_default", "serving_pixels"):
        [spec] = found.signatures[name].structured_input_signature[1].values()
        assert spec.shape[0] == 4
    assert found.classes(RED, GREEN, BLUE, RED) == [0, 1, 2, 0]


def saved_with_tensorflow_1(folder: Path) -> None:
    """A SavedModel with a second input, variables of both old kinds, and names of its own."""
    graph = tf.Graph()
    with graph.as_default():
        image = v1.placeholder(tf.float32, [None, 8, 8, 3])
        keep = v1.placeholder(tf.float32, [])
        weights = v1.get_variable("w", initializer=tf.eye(3), use_resource=False)
        bias = v1.get_variable("b", initializer=tf.zeros([3]), use_resource=True)
        logits = tf.reduce_mean(image, [1, 2]) @ weights * keep + bias
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            inputs, outputs = {"x": image, "keep_prob": keep}, {"y": logits}
            v1.saved_model.simple_save(session, str(folder), inputs, outputs)


def test_a_saved_model_of_tensorflow_1_with_names_of_its_own(tmp_path: Path) -> None:
    saved_with_tensorflow_1(tmp_path / "old")
    found = export(
        tmp_path,
        f"--from={tmp_path / 'old'}",
        "--inputs=x",
        "--feed=keep_prob=1.0",
        "--outputs=logits=y",
        "--scale=0..1",
    )
    assert found.classes(RED, GREEN, BLUE) == [0, 1, 2]
    outputs = found.signatures["serving_pixels"].structured_outputs
    assert list(outputs) == ["logits"]


def test_a_model_that_decodes_by_itself_keeps_its_input(tmp_path: Path, demo_models: Path) -> None:
    found = export(tmp_path, f"--from={demo_models / 'digits' / '1'}")
    assert set(found.signatures) == {"serving_default", "describe"}
    assert found.described["task"] == "detection"
    assert found.described["labels"] == list("0123456789")  # as its own description has them
    assert found.described["first_class"] == 0
    assert "boxes in 16 pictures" in found.check("golden")
    assert found.described["made_from"].startswith("digits/1 sha256:")


def test_another_signature_of_it(tmp_path: Path, demo_models: Path) -> None:
    version = demo_models / "digits" / "1"
    options = ("--signature=serving_pixels", "--resize=letterbox")
    found = export(tmp_path, f"--from={version}", *options, "--max-batch=4")
    assert found.described["input"]["resize"] == "letterbox"
    assert found.described["max_batch"] == 4
    records = tf.data.TFRecordDataset(str(found.folder / warmup.FILE))
    assert len(list(records)) == 2 * len(warmup.sizes(4)) == 6


def averaged(folder: Path) -> Path:
    """A checkpoint whose averages are better than its values, with an operation in its training
    graph that no other TensorFlow has."""
    graph = tf.Graph()
    with graph.as_default():
        image = v1.placeholder(tf.float32, [None, 8, 8, 3], "image")
        weights = v1.get_variable("w", initializer=tf.eye(3), use_resource=False)
        shift = v1.get_variable("shift", initializer=tf.zeros([3]), use_resource=False)
        tf.add(tf.reduce_mean(image, [1, 2]) @ weights, shift, name="scores")
        v1.get_variable("w/ExponentialMovingAverage", initializer=tf.eye(3), use_resource=False)
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            session.run([weights.assign(np.eye(3)[::-1]), shift.assign([0, 9, 0])])
            v1.train.Saver().save(session, str(folder / "model"))
    return folder / "model"


def test_moving_averages_and_chosen_variables(tmp_path: Path) -> None:
    options = (f"--from={averaged(tmp_path)}", "--outputs=logits=scores", "--scale=0..1")
    found = export(tmp_path / "all", *options)
    assert found.classes(RED, BLUE) == [1, 1]
    found = export(tmp_path / "some", *options, "--variables=^w", "--moving-average")
    assert found.classes(RED, GREEN, BLUE) == [0, 1, 2]
    assert "1 restored; as they were before training: shift" in found.check("variables")


def test_nodes_that_this_tensorflow_does_not_know_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = averaged(tmp_path)
    path = prefix.with_name("model.meta")
    meta = v1.MetaGraphDef.FromString(path.read_bytes())
    node = meta.graph_def.node.add(name="input/reader", op="ReaderOfAnotherHouse")
    meta.graph_def.node.add(name="after", op="Identity", input=[node.name]).attr["T"].type = 1
    path.write_bytes(meta.SerializeToString())
    options = (f"--from={prefix}", "--outputs=logits=scores", "--scale=0..1", "--moving-average")
    target = f"--output={tmp_path / 'no'}"
    assert main(["savedmodel", *options, target, "--verify=quick"]) == 1
    error = capsys.readouterr().err
    assert "ReaderOfAnotherHouse" in error
    assert "--exclude-nodes leaves parts of it out" in error
    found = export(tmp_path, *options, "--exclude-nodes=^input/", "--variables=^w")
    assert found.classes(RED, GREEN, BLUE) == [0, 1, 2]
