"""Files are recognized by their contents, whatever they are called."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from export.errors import SourceError
from export.sources.formats import Format, format_of
from export.sources.location import locate
from export.sources.unsupported import error_for

Make = Callable[[], bytes]


def hdf5(user_block: int = 0) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", userblock_size=user_block) as file:
        file["weights"] = np.zeros(3)
    return buffer.getvalue()


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "contents")
    return buffer.getvalue()


def tar(mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as file:  # type: ignore[call-overload]
        file.addfile(tarfile.TarInfo("saved_model.pb"))
    return buffer.getvalue()


def numpy_file(save: Callable[..., None]) -> bytes:
    buffer = io.BytesIO()
    save(buffer, np.zeros(3))
    return buffer.getvalue()


def graph() -> graph_pb2.GraphDef:
    definition = graph_pb2.GraphDef()
    definition.node.add(name="input", op="Placeholder").attr["dtype"].type = 1
    definition.node.add(name="weights", op="Const").attr["value"].tensor.tensor_content = b"1" * 900
    definition.versions.producer = 21
    return definition


def large_first_node() -> bytes:
    definition = graph_pb2.GraphDef()
    definition.node.add(name="w" * 100, op="Const").attr["value"].tensor.tensor_content = (
        b"\x00\xff" * 9000
    )
    return definition.SerializeToString()


def meta_graph() -> meta_graph_pb2.MetaGraphDef:
    meta = meta_graph_pb2.MetaGraphDef(graph_def=graph())
    meta.meta_info_def.tensorflow_version = "1.4.0"
    meta.meta_info_def.stripped_op_list.op.add(name="Placeholder")
    meta.saver_def.filename_tensor_name = "save/Const:0"
    return meta


def saved_model() -> saved_model_pb2.SavedModel:
    return saved_model_pb2.SavedModel(saved_model_schema_version=1, meta_graphs=[meta_graph()])


def field(number: int, payload: bytes | int) -> bytes:
    """Return a field of a protocol buffer."""
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value: int) -> bytes:
    encoded = b""
    while value > 127:
        encoded, value = encoded + bytes([value & 127 | 128]), value >> 7
    return encoded + bytes([value])


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4)


ONNX = field(1, 8) + field(2, b"pytorch") + field(7, b"\n\x04node" * 9) + field(8, b"\x10\x0d")
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
STATE = b'model_checkpoint_path: "model.ckpt-2"\nall_model_checkpoint_paths: "model.ckpt-2"\n'
ARCHITECTURE = {"class_name": "Sequential", "config": [], "keras_version": "2.2.4"}

MEMBERS: list[tuple[str, Format, Make]] = [
    ("HDF5", Format.HDF5, hdf5),
    ("HDF5 behind a user block", Format.HDF5, lambda: hdf5(512)),
    ("a larger user block", Format.HDF5, lambda: hdf5(2048)),
    (
        "a Keras archive",
        Format.KERAS,
        lambda: archive("metadata.json", "config.json", "model.weights.h5"),
    ),
    ("a SavedModel", Format.SAVED_MODEL, lambda: saved_model().SerializeToString()),
    ("a SavedModel as text", Format.SAVED_MODEL, lambda: str(saved_model()).encode()),
    ("a graph", Format.GRAPH, lambda: graph().SerializeToString()),
    ("a graph that begins with a large node", Format.GRAPH, large_first_node),
    ("a graph as text", Format.GRAPH_TEXT, lambda: str(graph()).encode()),
    ("a meta graph", Format.META_GRAPH, lambda: meta_graph().SerializeToString()),
    ("a list of checkpoints", Format.CHECKPOINT_STATE, lambda: STATE),
    ("a list without the latest", Format.CHECKPOINT_STATE, lambda: STATE.split(b"\n")[1]),
    ("TensorFlow Lite", Format.TFLITE, lambda: b"\x1c\0\0\0TFL3" + bytes(64)),
    ("ONNX", Format.ONNX, lambda: ONNX),
    ("ONNX with the graph first", Format.ONNX, lambda: field(7, b"x" * 9) + field(1, 3)),
    ("PyTorch", Format.PYTORCH, lambda: archive("model/data.pkl", "model/data/0")),
    ("TorchScript", Format.PYTORCH, lambda: archive("m/constants.pkl", "m/code/a.py")),
    (
        "PyTorch before 1.6",
        Format.PYTORCH,
        lambda: b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    ),
    ("a pickle", Format.PICKLE, lambda: pickle.dumps({"weights": [1.0]})),
    ("an old pickle", Format.PICKLE, lambda: pickle.dumps([1.0], protocol=2)),
    ("safetensors", Format.SAFETENSORS, safetensors),
    ("a NumPy array", Format.NUMPY, lambda: numpy_file(np.save)),
    ("NumPy arrays", Format.NUMPY, lambda: numpy_file(np.savez)),
    (
        "TensorFlow.js",
        Format.TENSORFLOW_JS,
        lambda: json.dumps({"format": "layers-model", "modelTopology": {}}).encode(),
    ),
    (
        "a TensorFlow.js graph",
        Format.TENSORFLOW_JS_GRAPH,
        lambda: json.dumps({"format": "graph-model", "modelTopology": {"node": []}}).encode(),
    ),
    (
        "a list of Keras weights",
        Format.KERAS_SHARDS,
        lambda: json.dumps({"weight_map": {"/vars": ["m_00000.weights.h5"]}}).encode(),
    ),
    ("a list of other weights", Format.JSON, lambda: b'{"weight_map": {"w": "1.safetensors"}}'),
    (
        "a Keras architecture",
        Format.KERAS_JSON,
        lambda: b"\xef\xbb\xbf \n" + json.dumps(ARCHITECTURE).encode(),
    ),
    ("a Keras architecture in YAML", Format.KERAS_JSON, lambda: b"backend: tensorflow\n"),
    ("other JSON", Format.JSON, lambda: b"{}"),
    ("Core ML", Format.CORE_ML, lambda: field(1, 4) + field(2, b"") + field(500, b"layers")),
    ("Caffe weights", Format.CAFFE, lambda: field(1, b"net") + field(100, b"\n\x04conv")),
    ("a Caffe network", Format.CAFFE, lambda: b'name: "net"\nlayer {\n  name: "conv"\n}\n'),
    ("a Darknet network", Format.DARKNET, lambda: b"[net]\nbatch=1\nwidth=416\n"),
    ("OpenVINO", Format.OPENVINO, lambda: b'<?xml version="1.0"?>\n<net name="m"></net>'),
    ("a detector's configuration", Format.PIPELINE, lambda: b"model {\n  ssd {\n  }\n}\n"),
    ("a label map", Format.LABEL_MAP, lambda: b"item {\n  id: 1\n  name: 'hand'\n}\n"),
    ("a gzip file", Format.ARCHIVE, lambda: tar("w:gz")),
    ("a tar file", Format.ARCHIVE, lambda: tar("w:")),
    ("a bzip2 file", Format.ARCHIVE, lambda: tar("w:bz2")),
    ("an xz file", Format.ARCHIVE, lambda: tar("w:xz")),
    ("a zip of something else", Format.ARCHIVE, lambda: archive("saved_model.pb")),
    ("a Git LFS pointer", Format.LFS_POINTER, lambda: LFS),
    ("a web page", Format.WEB_PAGE, lambda: b"\n<!DOCTYPE html>\n<html><title>404"),
    ("an answer of a store", Format.WEB_PAGE, lambda: b'<?xml version="1.0"?>\n<Error><Code>'),
    ("a short refusal", Format.WEB_PAGE, lambda: b"404: Not Found"),
    ("nothing", Format.EMPTY, lambda: b""),
    ("text", Format.UNKNOWN, lambda: b"hello\n"),
    ("noise", Format.UNKNOWN, lambda: np.random.default_rng(3).bytes(5000)),
    ("JSON that is cut off", Format.UNKNOWN, lambda: b'{"class_name": "Seq'),
    ("a graph that is cut off", Format.UNKNOWN, lambda: graph().SerializeToString()[:300]),
]


@pytest.mark.parametrize(
    ("expected", "make"), [row[1:] for row in MEMBERS], ids=[row[0] for row in MEMBERS]
)
def test_a_file_is_recognized_by_its_contents(tmp_path: Path, expected: Format, make: Make) -> None:
    for name in ("model", "model.onnx", "model.keras"):
        path = tmp_path / name
        path.write_bytes(make())
        assert format_of(path) == expected


def test_parts_of_checkpoints_are_recognized(tmp_path: Path) -> None:
    prefix = tf.train.Checkpoint(x=tf.Variable(1.0)).write(str(tmp_path / "ckpt"))
    index = Path(f"{prefix}.index").rename(tmp_path / "renamed")
    assert format_of(index) == Format.CHECKPOINT


UNREADABLE = (Format.UNKNOWN, Format.EMPTY)


@pytest.mark.parametrize("found", [one for one in Format if one not in UNREADABLE])
def test_what_is_not_a_source_is_named_with_the_way_from_it(found: Format) -> None:
    message = str(error_for(Path("m.bin"), found))
    keras = (Format.KERAS, Format.HDF5, Format.KERAS_SHARDS)
    sources = (*keras, Format.GRAPH, Format.GRAPH_TEXT, Format.SAVED_MODEL)
    checkpoints = (Format.META_GRAPH, Format.CHECKPOINT, Format.CHECKPOINT_STATE)
    if found not in (*sources, *checkpoints):
        assert message.startswith(f"m.bin is {found.value}: ")
        assert "\n" not in message


def packed(name: str) -> bytes:
    """Return a compressed tar archive of an empty file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "contents", "words"),
    [
        ("m.onnx", ONNX, "is an ONNX model: convert it with onnx2tf -i MODEL.onnx -o FOLDER"),
        ("m.onnx", b"x\n", "is named like an ONNX model, but is damaged or not one; the way"),
        ("m.tflite", b"TFL3\n", "is named like a TensorFlow Lite model"),
        ("m.tflite", b"\x1c\0\0\0TFL3" + bytes(9), "tf2onnx.convert --tflite MODEL.tflite"),
        ("m.pt", archive("m/data.pkl"), "save the model as ONNX with torch.onnx.export"),
        (
            "m.tflite",
            b"\x1c\0\0\0TFL3 edgetpu-custom-op",
            "for the Edge TPU: export the model that",
        ),
        (
            "m.zip",
            archive("m/keras_model.h5", "m/labels.txt"),
            "unpack it, and pass m/keras_model.h5",
        ),
        ("m.zip", archive("a/saved_model.pb", "a/variables/variables.index"), "it, and pass a"),
        ("m.zip", archive("a.h5", "__MACOSX/._a.h5", "b.h5"), "and pass one of a.h5, b.h5"),
        ("m.zip", archive("notes.txt"), "is an archive: unpack it, and pass the model in it"),
        ("m.tar.gz", packed("m/1/saved_model.pb"), "is an archive: unpack it, and pass m/1"),
        ("m.tar.gz", packed("m/1/saved_model.pb")[:40], "unpack it, and pass the model in it"),
        ("m.h5", LFS, "run git lfs pull"),
        ("m.h5", b"<html>", "download it again"),
        ("m.h5", b"", "is an empty file"),
        ("m.h5", b"\x89HDX", "is named like an HDF5 file, but is damaged or not one; pass a"),
        ("m.json", b"{}", "is a JSON file: there is no model in it"),
        ("m.txt", b"hello", "is not a kind of model that can be read: pass a .keras or HDF5"),
        ("graph.pb", saved_model().SerializeToString(), "rename it to saved_model.pb"),
    ],
)
def test_a_file_that_is_not_a_source(
    tmp_path: Path, name: str, contents: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(contents)
    with pytest.raises(SourceError) as caught:
        locate(path)
    assert str(caught.value).startswith(f"{path} is ")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "runtime"), [("a.engine", "TensorRT"), ("b.param", "NCNN"), ("c.MNN", "MNN")]
)
def test_models_of_other_runtimes_are_named(name: str, runtime: str) -> None:
    message = str(error_for(Path(name), Format.UNKNOWN))
    assert message.startswith(f"{name} is a model for {runtime}: export the model")


def test_weights_of_another_file_are_named(tmp_path: Path) -> None:
    for name in ("net.param", "net.bin"):
        (tmp_path / name).write_bytes(b"weights")
    with pytest.raises(SourceError, match=r"has the weights of the network net\.param: export the"):
        locate(tmp_path / "net.bin")
