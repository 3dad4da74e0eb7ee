"""SavedModels in TensorFlow 1's style: ref variables, assets, tables, tf.Example signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

v1 = tf.compat.v1
PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{m}" for m in ("predict", "classify", "regress"))
Signatures = Mapping[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]]


def save(path: Path, build: Callable[[], Signatures], initialize: bool = True) -> Path:
    """Save the graph that ``build`` creates; it returns the method, inputs and outputs of each
    signature. Without ``initialize``, its tables stay empty after a load.
    """
    with tf.Graph().as_default(), v1.Session() as session:
        signatures = {
            name: v1.saved_model.build_signature_def(_infos(inputs), _infos(outputs), method)
            for name, (method, inputs, outputs) in build().items()
        }
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            signature_def_map=signatures,
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer() if initialize else None,
        )
        builder.save()
    return path


def half_plus_two(path: Path) -> Path:
    """y = x / 2 + 2 from two ref variables, by tensors and by tf.Examples."""

    def build() -> Signatures:
        a = v1.get_variable("a", initializer=0.5, use_resource=False)
        b = v1.get_variable("b", initializer=2.0, use_resource=False)
        serialized = v1.placeholder(tf.string, [None], "tf_example")
        features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
        x = tf.identity(v1.io.parse_example(serialized, features)["x"], "x")
        y = tf.add(a * x, b, "y")
        return {
            "serving_default": (PREDICT, {"x": x}, {"y": y}),
            "regress_x_to_y": (REGRESS, {"inputs": serialized}, {"outputs": y}),
            "classify_x_to_y": (CLASSIFY, {"inputs": serialized}, {"scores": y}),
        }

    return save(path, build)


def counter(path: Path) -> Path:
    """A ref variable that signatures read, increase and set back."""

    def build() -> Signatures:
        count = v1.get_variable("count", initializer=0.0, use_resource=False)
        return {
            "get_counter": (PREDICT, {}, {"output": count}),
            "incr_counter": (PREDICT, {}, {"output": v1.assign_add(count, 1.0)}),
            "reset_counter": (PREDICT, {}, {"output": v1.assign(count, 0.0)}),
        }

    return save(path, build)


def vocabulary(path: Path, initialize: bool = True) -> Path:
    """Map words to numbers, with a table that an asset fills."""

    def build() -> Signatures:
        source = path.parent / "words.txt"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text("zero\none\ntwo\n")
        asset = tf.constant(str(source))
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, asset)
        index = tf.lookup.TextFileInitializer(
            asset, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )  # fmt: skip
        words = v1.placeholder(tf.string, [None], "words")
        numbers = tf.lookup.StaticHashTable(index, -1).lookup(words)
        return {"serving_default": (PREDICT, {"words": words}, {"numbers": numbers})}

    return save(path, build, initialize)


def renamed_tensor(path: Path) -> Path:
    """A signature that names a tensor that the graph does not have."""

    def build() -> Signatures:
        x = v1.placeholder(tf.float32, [None], "x")
        return {"serving_default": (PREDICT, {"x": x}, {"y": x * 2})}

    save(path, build)
    file = path / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    signature = saved_model.meta_graphs[0].signature_def["serving_default"]
    signature.outputs["y"].name = "gone:0"
    file.write_bytes(saved_model.SerializeToString())
    return path


def written_by(path: Path, version: str) -> None:
    """Have the graph say that this version of TensorFlow wrote it."""
    file = path / "saved_model.pb"
    saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    saved_model.meta_graphs[0].meta_info_def.tensorflow_version = version
    file.write_bytes(saved_model.SerializeToString())


def _infos(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {alias: v1.saved_model.build_tensor_info(tensor) for alias, tensor in tensors.items()}
