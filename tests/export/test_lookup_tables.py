"""TensorFlow 1 graphs whose classes are texts from a lookup table, as classifiers serve them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export.errors import SourceError
from export.serving.description import describe
from tests.export.opened import BLUE, GREEN, RED, answers, converted

v1 = tf.compat.v1
NAMES = ["red", "green", "blue"]
EXPECTED = [[b"red"], [b"green"], [b"blue"]]
OUTPUTS = {"scores": "top:0", "classes": "names:0"}


def classifier(vocabulary: Path | None = None) -> None:
    """Build a graph that returns the two best classes by name."""
    image = v1.placeholder(tf.float32, [None, 8, 8, 3], "image")
    weights = v1.get_variable("w", initializer=np.eye(3, dtype=np.float32), use_resource=False)
    probabilities = tf.nn.softmax(10 * tf.reduce_mean(image, [1, 2]) @ weights)
    _, best = tf.nn.top_k(probabilities, 2, name="top")
    if vocabulary is None:
        keys = tf.range(3, dtype=tf.int64)
        texts = tf.lookup.KeyValueTensorInitializer(keys, tf.constant(NAMES))
    else:
        line, whole = tf.lookup.TextFileIndex.LINE_NUMBER, tf.lookup.TextFileIndex.WHOLE_LINE
        texts = tf.lookup.TextFileInitializer(str(vocabulary), tf.int64, line, tf.string, whole)
    table = tf.lookup.StaticHashTable(texts, "?")
    tf.identity(table.lookup(tf.cast(best, tf.int64)), name="names")


def session() -> v1.Session:
    opened = v1.Session()
    opened.run([v1.global_variables_initializer(), v1.tables_initializer("fill")])
    return opened


def saved_model(folder: Path) -> Path:
    with tf.Graph().as_default() as graph:
        classifier()
        with session() as opened:
            ends = {name: graph.get_tensor_by_name(end) for name, end in OUTPUTS.items()}
            image = graph.get_tensor_by_name("image:0")
            signature = v1.saved_model.predict_signature_def({"image": image}, ends)
            builder = v1.saved_model.Builder(str(folder))
            builder.add_meta_graph_and_variables(
                opened,
                ["serve"],
                {"serving_default": signature},
                main_op=graph.get_operation_by_name("fill"),
            )
            builder.save()
    return folder


def checkpoint(folder: Path) -> Path:
    vocabulary = folder / "names.txt"
    vocabulary.parent.mkdir(parents=True)
    vocabulary.write_text("\n".join(NAMES))
    with tf.Graph().as_default():
        classifier(vocabulary)
        with session() as opened:
            v1.train.Saver().save(opened, str(folder / "model.ckpt"))
    return folder


def frozen(folder: Path, *more: str) -> Path:
    with tf.Graph().as_default() as graph:
        classifier()
        with session() as opened:
            nodes = ["top", "names", *more]
            freeze = v1.graph_util.convert_variables_to_constants
            definition = freeze(opened, graph.as_graph_def(), nodes)
    folder.mkdir(parents=True)
    (folder / "graph.pb").write_bytes(definition.SerializeToString())
    return folder / "graph.pb"


@pytest.mark.parametrize("kind", ["saved_model", "checkpoint", "frozen"])
def test_the_names_of_a_table_are_served(tmp_path: Path, kind: str) -> None:
    if kind == "saved_model":
        found = converted(saved_model(tmp_path / "m"))
    elif kind == "checkpoint":
        found = converted(checkpoint(tmp_path / "m"), outputs=OUTPUTS)
    else:
        found = converted(frozen(tmp_path / "m", "fill"), outputs=OUTPUTS)
    served = answers(found, RED, GREEN, BLUE)
    assert served["classes"][:, :1].tolist() == EXPECTED
    assert any("are texts, which clients get as labels" in note for note in found.notes())
    assert not any("no labels" in note for note in found.notes())
    servable = found.servable(describe("m", found))
    tf.saved_model.save(servable, str(tmp_path / "version"), servable.signatures())
    loaded = tf.saved_model.load(str(tmp_path / "version"))
    again = loaded.signatures["serving_pixels"](
        image=tf.constant([[[[255, 0, 0]] * 8] * 8], "uint8")
    )
    assert again["classes"][:, 0].numpy().tolist() == [b"red"]


def test_a_table_without_contents_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no contents for its lookup table hash_table"):
        converted(frozen(tmp_path / "m"), outputs=OUTPUTS)


def test_a_table_whose_file_is_gone_is_named(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "m")
    (folder / "names.txt").unlink()
    with pytest.raises(SourceError, match=r"cannot fill the lookup table hash_table: .*names\.txt"):
        converted(folder, outputs=OUTPUTS)
