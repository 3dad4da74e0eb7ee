"""Sources under unusual names and in old formats are opened by what is in them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2, saver_pb2

from export.errors import CheckpointError, SourceError
from export.sources.location import locate
from tests.export import trained_models
from tests.export.opened import BLUE, GREEN, RED, answers, converted

v1 = tf.compat.v1
BUILD = "tests.export.trained_models:colours"


@pytest.fixture(scope="module")
def keras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras")
    trained_models.keras_files(folder)
    return folder


def classes(location: Path, **options: str) -> list[int]:
    [values] = answers(converted(location, **options), RED, GREEN, BLUE).values()
    return values.argmax(axis=1).tolist()


@pytest.mark.parametrize("contents", ["colours.keras", "colours.h5", "colours.weights.h5"])
@pytest.mark.parametrize(
    "name", ["a.keras", "a.h5", "a.weights.h5", "A.H5", "best.hdf", "saved.model", "model", "a.pb"]
)
def test_a_keras_file_under_any_name(keras: Path, tmp_path: Path, contents: str, name: str) -> None:
    path = shutil.copy(keras / contents, tmp_path / name)
    model = BUILD if contents == "colours.weights.h5" else None
    assert classes(Path(path), model=model) == [0, 1, 2]


def test_a_broken_file_is_named_by_its_own_path(keras: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.bin"
    path.write_bytes((keras / "colours.keras").read_bytes().replace(b'"Dense"', b'"Dance"'))
    with pytest.raises(SourceError) as caught:
        converted(path)
    assert str(path) in str(caught.value)


SHARD = "model.ckpt-7-00000-of-00001"


def old_checkpoint(folder: Path, sharded: bool = False) -> Path:
    """Write a checkpoint as TensorFlow did before 0.12: all values in one file, or sharded."""
    folder.mkdir(exist_ok=True)
    graph = tf.Graph()
    with graph.as_default(), v1.Session() as session:
        image = v1.placeholder(tf.float32, [None, 8, 8, 3], "image")
        eye = np.eye(3, dtype=np.float32)
        weights = v1.get_variable("w", initializer=eye, use_resource=False)
        tf.nn.softmax(10 * tf.reduce_mean(image, [1, 2]) @ weights, name="prob")
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(write_version=saver_pb2.SaverDef.V1, sharded=sharded)
        saver.save(session, str(folder / "model.ckpt"), global_step=7)
    return folder


@pytest.mark.parametrize("place", ["", "checkpoint", "model.ckpt-7", "model.ckpt-7.meta"])
def test_a_checkpoint_in_one_file(tmp_path: Path, place: str) -> None:
    folder = old_checkpoint(tmp_path)
    assert not list(folder.glob("*.index"))
    found = converted(folder / place, outputs={"probabilities": "prob"})
    assert answers(found, BLUE)["probabilities"].argmax() == 2
    assert found.source.made_from.startswith("model.ckpt-7 sha256:")


@pytest.mark.parametrize("place", ["", "checkpoint", "model.ckpt-7", "model.ckpt-7.meta", SHARD])
@pytest.mark.parametrize("name", ["run", "run [1]"])
def test_a_checkpoint_in_files_without_an_index(tmp_path: Path, place: str, name: str) -> None:
    folder = old_checkpoint(tmp_path / name, sharded=True)
    assert (folder / SHARD).is_file()
    # A build from TensorFlow's source, of which `packaging` can make nothing.
    meta = folder / "model.ckpt-7.meta"
    graph = meta_graph_pb2.MetaGraphDef.FromString(meta.read_bytes())
    graph.meta_info_def.tensorflow_version = "0.12.head"
    meta.write_bytes(graph.SerializeToString())
    found = converted(folder / place, outputs={"probabilities": "prob"})
    assert answers(found, BLUE)["probabilities"].argmax() == 2
    assert found.source.made_from.startswith("model.ckpt-7 sha256:")


def test_old_checkpoints_in_a_directory_without_a_list(tmp_path: Path) -> None:
    folder = old_checkpoint(tmp_path, sharded=True)
    (folder / "checkpoint").unlink()
    (folder / "train-00000-of-00001").write_bytes(b"records")
    assert locate(folder).path == folder / "model.ckpt-7"
    (folder / SHARD).rename(folder / "model.ckpt-7-00000-of-00002")
    with pytest.raises(CheckpointError, match=r"model\.ckpt-7-00001-of-00002 is missing"):
        converted(folder / "model.ckpt-7", outputs={"probabilities": "prob"})


def test_a_graph_without_its_values(tmp_path: Path) -> None:
    folder = old_checkpoint(tmp_path)
    (folder / "model.ckpt-7").unlink()
    with pytest.raises(CheckpointError, match="is incomplete: its index"):
        converted(folder / "model.ckpt-7.meta", outputs={"probabilities": "prob"})
