"""Export each kind of source: the right values, and all signatures that it allows."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export.__main__ import main
from export.serving import warmup
from export.verification import report
from tests.export import trained_models

v1 = tf.compat.v1
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


class Exported:
    """A loaded version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._loaded = tf.saved_model.load(str(folder))
        self.signatures: Any = self._loaded.signatures
        self.described = json.loads(self.signatures["describe"]()["description"].numpy())

    def classes(self, *colours: tuple[int, int, int]) -> list[int]:
        """Return the best class of single-color images."""
        found = self.signatures["serving_default"](image=tf.constant([png(c) for c in colours]))
        [scores] = [value for name, value in found.items() if name != "classes"]
        return scores.numpy().argmax(axis=1).tolist()

    def check(self, name: str) -> str:
        """Return what a check found when the version was made."""
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
    """A plain module that creates its variable when it is first called."""

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


class Branching(Module):
    """Its Python branches on a tensor, which becomes part of the graph."""

    def __call__(self, pictures: tf.Tensor) -> tf.Tensor:
        if tf.reduce_mean(pictures) > 0.5:
            return super().__call__(pictures)
        return super().__call__(tf.reverse(pictures, [-1]))


def test_a_function_that_branches_on_a_tensor(tmp_path: Path) -> None:
    module = Branching()
    module(tf.zeros([1, 8, 8, 3]))
    module.kernel.assign(np.eye(3))
    tf.train.Checkpoint(model=module).save(str(tmp_path / "run" / "ckpt"))
    found = export(
        tmp_path,
        f"--from={tmp_path / 'run'}",
        "--model=tests.export.test_sources:Branching",
        "--size=8x8",
        "--scale=0..1",
    )
    dark, light = (255, 0, 0), (255, 200, 200)
    assert (found.classes(dark), found.classes(light)) == ([2], [0])


class Dropping(tf.keras.Model):
    """A subclassed model whose dropout has a random number generator with state."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = tf.keras.layers.Dropout(0.5)
        self.head = tf.keras.layers.Dense(3)

    def call(self, pictures: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.head(self.dropout(tf.reduce_mean(pictures, [1, 2]), training=training))


def test_a_checkpoint_without_dropout_state_is_complete(tmp_path: Path) -> None:
    model = Dropping()
    model(tf.zeros([1, 8, 8, 3]), training=True)
    model.head.set_weights([np.eye(3)[::-1], np.zeros(3)])
    tf.train.Checkpoint(model=model).save(str(tmp_path / "run" / "ckpt"))
    found = export(
        tmp_path,
        f"--from={tmp_path / 'run'}",
        "--model=tests.export.test_sources:Dropping",
        "--size=8x8",
        "--scale=0..1",
    )
    assert found.classes(RED, GREEN, BLUE) == [2, 1, 0]
    assert found.check("variables") == "2 restored"


def test_keras_weights_and_bgr_channels(tmp_path: Path) -> None:
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
    """Write a SavedModel with a second input, both old kinds of variables, and its own names."""
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


def test_a_tensorflow_1_saved_model_with_names_of_its_own(tmp_path: Path) -> None:
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


def test_a_model_that_decodes_images_keeps_its_input(tmp_path: Path, demo_models: Path) -> None:
    found = export(tmp_path, f"--from={demo_models / 'digits' / '1'}")
    assert set(found.signatures) == {"serving_default", "describe"}
    assert found.described["task"] == "detection"
    assert found.described["labels"] == list("0123456789")  # as its own description has them
    assert found.described["first_class"] == 0
    assert "boxes in 16 images" in found.check("golden")
    assert found.described["made_from"].startswith("digits/1 sha256:")


def test_another_signature_can_be_exported(tmp_path: Path, demo_models: Path) -> None:
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


def test_moving_averages_and_selected_variables(tmp_path: Path) -> None:
    options = (f"--from={averaged(tmp_path)}", "--outputs=logits=scores", "--scale=0..1")
    found = export(tmp_path / "all", *options)
    assert found.classes(RED, BLUE) == [1, 1]
    found = export(tmp_path / "some", *options, "--variables=^w", "--moving-average")
    assert found.classes(RED, GREEN, BLUE) == [0, 1, 2]
    assert "1 restored; left at their initial values: shift" in found.check("variables")


def test_unknown_operations_can_be_excluded(
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


def fed_by_an_iterator(folder: Path) -> Path:
    """Write a classifier without placeholders, whose images come from an input pipeline."""
    graph = tf.Graph()
    with graph.as_default(), v1.Session() as session:
        records = v1.data.TFRecordDataset(["nowhere"]).map(lambda each: (tf.zeros([8, 8, 3]), each))
        pictures, _ = v1.data.make_one_shot_iterator(records.batch(5)).get_next()
        pictures = tf.identity(pictures, "pictures")
        weights = v1.get_variable("w", initializer=tf.eye(3), use_resource=True)
        tf.matmul(tf.reduce_mean(pictures, [1, 2]), weights, name="logits")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(folder / "model"))
    return folder / "model"


@pytest.mark.parametrize("tensor", ["pictures", "IteratorGetNext:0"])
def test_images_can_replace_an_iterators_output(tmp_path: Path, tensor: str) -> None:
    options = (f"--from={fed_by_an_iterator(tmp_path)}", f"--inputs={tensor}", "--outputs=logits")
    found = export(tmp_path, *options, "--scale=0..1")
    assert found.classes(RED, GREEN, BLUE) == [0, 1, 2]
    assert b"Iterator" not in (found.folder / "saved_model.pb").read_bytes()


def looping(folder: Path) -> Path:
    """A detector as the first zoo had them: one picture a call, loops of the first kind round
    resizing and suppression, and a variable that is divided."""
    v1.disable_control_flow_v2()
    try:
        graph = tf.Graph()
        with graph.as_default(), v1.Session() as session:
            image = v1.placeholder(tf.uint8, [1, None, None, 3], "image_tensor")
            floats = tf.cast(image, tf.float32)
            small = tf.map_fn(lambda one: tf.image.resize(one, [8, 8]), floats)
            part = v1.fixed_size_partitioner(2)
            options = {
                "partitioner": part,
                "use_resource": False,
                "initializer": v1.ones_initializer(),
            }
            weights = v1.get_variable("w", [4, 4], **options)
            mean = tf.reduce_mean(small, [1, 2]) @ tf.convert_to_tensor(weights)[:3, :3]
            light = tf.reduce_max(mean) / 3
            boxes = tf.constant([[0.1, 0.1, 0.5, 0.5], [0.1, 0.1, 0.5, 0.51], [0.5, 0.5, 1, 1]])
            scores = light / 255 * tf.constant([0.9, 0.8, 0.7])
            kept = tf.image.non_max_suppression(boxes, scores, 3)
            rest = 3 - tf.size(kept)
            found = tf.pad(tf.gather(boxes, kept), [[0, rest], [0, 0]])
            tf.reshape(found, [1, 3, 4], "detection_boxes")
            tf.reshape(tf.pad(tf.gather(scores, kept), [[0, rest]]), [1, 3], "detection_scores")
            tf.ones([1, 3], name="detection_classes")
            tf.cast(tf.reshape(tf.size(kept), [1]), tf.float32, "num_detections")
            assert "Enter" in {op.type for op in graph.get_operations()}
            session.run(v1.global_variables_initializer())
            v1.train.Saver().save(session, str(folder / "model"))
    finally:
        v1.enable_control_flow_v2()
    return folder / "model"


def test_a_detector_of_the_early_zoo_answers_batches(tmp_path: Path) -> None:
    names = "detection_boxes,detection_scores,detection_classes,num_detections"
    found = export(tmp_path, f"--from={looping(tmp_path)}", f"--outputs={names}")
    pictures = tf.constant([png((255, 255, 255)), png(RED, (9, 30))])
    answer = found.signatures["serving_default"](image=pictures)
    assert answer["num_detections"].numpy().tolist() == [2, 2]
    assert answer["detection_scores"][0, :2].numpy() == pytest.approx([0.9, 0.7], abs=1e-3)
    assert answer["detection_boxes"][1, 1].numpy().tolist() == [0.5, 0.5, 1, 1]
    [spec] = found.signatures["serving_pixels"].structured_input_signature[1].values()
    assert spec.shape.as_list() == [1, None, None, 3]
    assert found.described["input"]["width"] is None
    assert found.check("variables") == "2 restored"
