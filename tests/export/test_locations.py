"""Where a model is at a path: files, version directories, and what a directory lists."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from export.errors import CheckpointError, PublishError, SourceError
from export.publishing import local
from export.sources import checkpoints
from export.sources.formats import Format
from export.sources.location import locate
from export.sources.plain_paths import is_plain, plain_folder, plain_prefix
from tests.export.test_formats import graph, hdf5, saved_model


def write(path: Path, contents: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)
    return path


def test_the_newest_version_in_a_directory(tmp_path: Path) -> None:
    for number in ("2", "10"):
        write(tmp_path / number / "saved_model.pb", saved_model().SerializeToString())
    (tmp_path / "11").mkdir()
    found = locate(tmp_path)
    assert (found.format, found.path) == (Format.SAVED_MODEL, tmp_path / "10")
    assert found.notes == (f"version 10 is the newest of 2 in {tmp_path}",)
    assert locate(tmp_path / "2" / "saved_model.pb").path == tmp_path / "2"


def test_the_only_model_in_a_directory(tmp_path: Path) -> None:
    write(tmp_path / "labels.txt", b"cat\n")
    path = write(tmp_path / "weights.best", hdf5())
    assert locate(tmp_path).path == path
    write(tmp_path / "frozen.pb", graph().SerializeToString())
    with pytest.raises(SourceError, match=r"there are 2 models in .*: frozen\.pb, weights\.best"):
        locate(tmp_path)


def test_a_directory_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"there is no model in .*: pass a \.keras"):
        locate(tmp_path)
    path = write(tmp_path / "export" / "saved_model.pb", saved_model().SerializeToString())
    with pytest.raises(SourceError, match=f"did you mean {path.parent}"):
        locate(tmp_path)
    write(tmp_path / "m.tflite", b"\x1c\0\0\0TFL3")
    with pytest.raises(SourceError, match=r"m.tflite is a .*; there is a model in .*/export$"):
        locate(tmp_path)
    with pytest.raises(SourceError, match="nothing does not exist"):
        locate(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("name", "contents", "words"),
    [
        ("model.json", b'{"modelTopology": {}}', "model.json is a TensorFlow.js model"),
        ("model.safetensors", b"\x02" + bytes(7) + b"{}", "is a safetensors file: it has weights"),
        ("best.pt", b"version https://git-lfs.github.com/spec/v1\noid", "best.pt is a Git LFS"),
    ],
)
def test_what_is_no_source_is_named_in_its_directory(
    tmp_path: Path, name: str, contents: bytes, words: str
) -> None:
    write(tmp_path / "config.json", b"{}")
    write(tmp_path / name, contents)
    with pytest.raises(SourceError, match=words):
        locate(tmp_path)


def test_a_model_two_levels_below_is_suggested(tmp_path: Path) -> None:
    path = tmp_path / "1" / "model.savedmodel" / "saved_model.pb"
    write(path, saved_model().SerializeToString())
    with pytest.raises(SourceError, match=f"did you mean {path.parent}"):
        locate(tmp_path)


@pytest.mark.parametrize("name", ["run.meta", "best.keras", "w.h5", "frozen_inference_graph.pb"])
def test_a_usual_name_below_is_suggested(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "run" / "1" / name, b"model")
    with pytest.raises(SourceError, match=f"did you mean {path.parent}"):
        locate(tmp_path)


@pytest.mark.parametrize(
    ("name", "contents", "words"),
    [
        ("1/model.tflite", b"\x1c\0\0\0TFL3", "1/model.tflite is a TensorFlow Lite model: "),
        (
            "a/b/other.pb",
            saved_model().SerializeToString(),
            "other.pb is the graph of a SavedModel",
        ),
    ],
)
def test_what_is_no_source_is_named_below(
    tmp_path: Path, name: str, contents: bytes, words: str
) -> None:
    write(tmp_path / name, contents)
    with pytest.raises(SourceError, match=words):
        locate(tmp_path)


@pytest.mark.parametrize("name", ["3", "saved_model.pb"])
def test_a_link_to_nothing_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("/nowhere/model")
    with pytest.raises(SourceError, match=f": {name} is a link to /nowhere/model, which does not"):
        locate(tmp_path)


def test_several_models_below_are_listed(tmp_path: Path) -> None:
    paths = [write(tmp_path / name / "w.h5", b"model").parent for name in ("a", "b")]
    with pytest.raises(SourceError, match=rf"did you mean one of {paths[0]}, {paths[1]}\?$"):
        locate(tmp_path)


def test_a_preset_of_kerashub_is_named(tmp_path: Path) -> None:
    write(tmp_path / "metadata.json", b'{"keras_version": "3.8.0"}')
    write(tmp_path / "config.json", b"{}")
    write(tmp_path / "model.weights.h5", hdf5())
    with pytest.raises(SourceError, match="is an unpacked Keras archive"):
        locate(tmp_path)
    write(tmp_path / "metadata.json", b'{"keras_version": "3.8.0", "keras_hub_version": "0.19.0"}')
    with pytest.raises(SourceError, match="is a preset of KerasHub: load it with from_preset"):
        locate(tmp_path)


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the prefix of a checkpoint."""
    folder = tmp_path_factory.mktemp("values")
    return Path(tf.train.Checkpoint(x=tf.Variable(1.0)).write(str(folder / "values")))


def copies(values: Path, folder: Path, *names: str) -> None:
    """Copy the checkpoint under other names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        for suffix in (".index", ".data-00000-of-00001"):
            shutil.copy(f"{values}{suffix}", f"{folder}/{name}{suffix}")


STATES = [
    ("a relative name", b'model_checkpoint_path: "model.ckpt-2"', "model.ckpt-2"),
    ("single quotes", b"model_checkpoint_path: 'model.ckpt-2'", "model.ckpt-2"),
    ("no space", b'model_checkpoint_path:"model.ckpt-2"', "model.ckpt-2"),
    ("another machine", b'model_checkpoint_path: "/home/me/run/model.ckpt-2"', "model.ckpt-2"),
    ("Windows", rb'model_checkpoint_path: "C:\\Users\\me\\run\\model.ckpt-2"', "model.ckpt-2"),
    ("Windows, raw", rb'model_checkpoint_path: "C:\Users\run\model.ckpt-2"', "model.ckpt-2"),
    ("a share", rb'model_checkpoint_path: "\\\\nas\\runs\\model.ckpt-2"', "model.ckpt-2"),
    ("octal", rb'model_checkpoint_path: "/d/\346\250\241\345\236\213.ckpt-2"', "模型.ckpt-2"),
    ("UTF-8", 'model_checkpoint_path: "/d/模型.ckpt-2"'.encode(), "模型.ckpt-2"),
    ("a quote", rb'model_checkpoint_path: "it\'s.ckpt-2"', "it's.ckpt-2"),
    ("brackets", b'model_checkpoint_path: "run[2].ckpt-2"', "run[2].ckpt-2"),
    (
        "further fields",
        b'model_checkpoint_path: "model.ckpt-2"\r\nall_model_checkpoint_paths: "model.ckpt-1"\r\n'
        b"all_model_checkpoint_timestamps: 1.5e9\nlast_preserved_timestamp: 1.5\n",
        "model.ckpt-2",
    ),
    (
        "the list first",
        b'all_model_checkpoint_paths: "other"\nmodel_checkpoint_path: "model.ckpt-2"',
        "model.ckpt-2",
    ),
]


@pytest.mark.parametrize(
    ("state", "latest"), [row[1:] for row in STATES], ids=[row[0] for row in STATES]
)
def test_the_latest_checkpoint_is_taken(
    values: Path, tmp_path: Path, state: bytes, latest: str
) -> None:
    copies(values, tmp_path, latest, "other")
    write(tmp_path / "checkpoint", state)
    assert checkpoints.find(tmp_path) == checkpoints.Checkpoint(tmp_path / latest)
    assert locate(tmp_path / "checkpoint").path == tmp_path


def test_a_checkpoint_in_a_directory_below(values: Path, tmp_path: Path) -> None:
    copies(values, tmp_path / "best", "model.ckpt-2")
    write(tmp_path / "checkpoint", b'model_checkpoint_path: "/data/run/best/model.ckpt-2"')
    assert checkpoints.find(tmp_path).prefix == tmp_path / "best" / "model.ckpt-2"


def test_a_checkpoint_elsewhere_does_not_replace_a_copy(values: Path, tmp_path: Path) -> None:
    state = f'model_checkpoint_path: "{values}"'.encode()
    write(tmp_path / "a" / "checkpoint", state)
    found = checkpoints.find(tmp_path / "a")
    assert (found.prefix, found.notes) == (
        values,
        (f"the latest checkpoint is in {values.parent}",),
    )
    copies(values, tmp_path / "b", "values")
    (tmp_path / "b" / "values.index").unlink()
    write(tmp_path / "b" / "checkpoint", state)
    with pytest.raises(CheckpointError, match=r"its index \(values.index\) is missing"):
        checkpoints.find(tmp_path / "b")


def test_pointers_of_git_lfs_are_named(values: Path, tmp_path: Path) -> None:
    copies(values, tmp_path, "model.ckpt")
    data = tmp_path / "model.ckpt.data-00000-of-00001"
    data.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n")
    with pytest.raises(SourceError, match=f"{data} is a Git LFS pointer .*: run git lfs pull"):
        checkpoints.find(tmp_path).digest()


@pytest.mark.parametrize("name", ["run [final]", "a*", "b?", "c\\d", os.fsdecode(b"\xc4\xe3")])
def test_names_that_tensorflow_takes_for_patterns(values: Path, tmp_path: Path, name: str) -> None:
    copies(values, tmp_path / name, "model")
    copies(values, tmp_path / "ab", "model")
    prefix = checkpoints.find(tmp_path / name).prefix
    plain = plain_prefix(prefix)
    assert is_plain(plain)
    assert tf.train.load_checkpoint(str(plain)).has_tensor("x/.ATTRIBUTES/VARIABLE_VALUE")
    assert plain_folder(prefix.parent).resolve() == prefix.parent.resolve()
    assert (plain_prefix(values), plain_folder(values.parent)) == (values, values.parent)


@pytest.mark.parametrize("name", ["run [final]", "c\\d", os.fsdecode(b"\xc4\xe3")])
def test_targets_that_no_model_server_could_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(PublishError, match="TensorFlow cannot read models below a directory with"):
        local.check_name(tmp_path / name / "digits")
    local.check_name(tmp_path / "what?" / "a*")


GONE = b'model_checkpoint_path: "/data/run/model.ckpt-9"'


def test_a_latest_checkpoint_that_is_gone(values: Path, tmp_path: Path) -> None:
    copies(values, tmp_path, "model.ckpt-2")
    write(tmp_path / "checkpoint", GONE)
    found = checkpoints.find(tmp_path)
    assert found.prefix.name == "model.ckpt-2"
    assert found.notes == (
        "the latest checkpoint, /data/run/model.ckpt-9, is not there; model.ckpt-2 was taken",
    )
    copies(values, tmp_path, "model.ckpt-1")
    with pytest.raises(
        CheckpointError, match=r"there are 2 checkpoints .* \S*model\.ckpt-9, is not"
    ):
        checkpoints.find(tmp_path)
    with pytest.raises(CheckpointError, match=r"name one of them: model\.ckpt-1, model\.ckpt-2"):
        checkpoints.find(tmp_path)


@pytest.mark.parametrize(
    "state", [b"", b"PK\x03\x04", b'{"epoch": 3}', b"model_checkpoint_path: 5"]
)
def test_a_file_of_another_tool_is_ignored(values: Path, tmp_path: Path, state: bytes) -> None:
    copies(values, tmp_path, "model.ckpt-2")
    write(tmp_path / "checkpoint", state)
    assert checkpoints.find(tmp_path).prefix.name == "model.ckpt-2"


def test_incomplete_checkpoints(values: Path, tmp_path: Path) -> None:
    write(tmp_path / "a" / "model.ckpt-1.meta", b"graph")
    with pytest.raises(CheckpointError, match=r"its index \(model.ckpt-1.index\) is missing"):
        checkpoints.find(tmp_path / "a" / "model.ckpt-1.meta")
    copies(values, tmp_path / "b", "model.ckpt-1")
    (tmp_path / "b" / "model.ckpt-1.data-00000-of-00001").unlink()
    with pytest.raises(CheckpointError, match="has no data files"):
        checkpoints.find(tmp_path / "b")
    write(tmp_path / "b" / "model.ckpt-1.data-00000-of-00002", b"values")
    with pytest.raises(CheckpointError, match=r"model.ckpt-1.data-00001-of-00002 is missing"):
        checkpoints.find(tmp_path / "b")


def test_attributes_that_macos_keeps_in_files(values: Path, tmp_path: Path) -> None:
    copies(values, tmp_path, "model.ckpt-2")
    for path in list(tmp_path.iterdir()):
        write(path.with_name(f"._{path.name}"), b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert locate(tmp_path).format == Format.CHECKPOINT
    assert checkpoints.find(tmp_path).prefix.name == "model.ckpt-2"


def test_a_checkpoint_without_a_name(values: Path, tmp_path: Path) -> None:
    copies(values, tmp_path, "")
    for path in (tmp_path, tmp_path / ".index"):
        with pytest.raises(CheckpointError, match="a checkpoint without a name; rename its files"):
            checkpoints.find(locate(path).path)


def test_a_checkpoint_of_orbax(tmp_path: Path) -> None:
    write(tmp_path / "manifest.ocdbt", b"\x0c")
    with pytest.raises(SourceError, match=r"a checkpoint of Orbax .* jax2tf.convert"):
        locate(tmp_path)
