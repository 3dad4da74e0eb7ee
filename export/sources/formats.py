"""Recognize the format of a file by its contents, whatever its name."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from export.errors import SourceError
from export.wireformat import LENGTH, VARINT, Field, fields


class Format(Enum):
    """A format, in words that continue ``FILE is ...``."""

    HDF5 = "an HDF5 file"
    KERAS = "a Keras archive (.keras)"
    KERAS_SHARDS = "the list of the files that Keras weights are spread over"
    SAVED_MODEL = "the graph of a SavedModel"
    GRAPH = "a TensorFlow graph (GraphDef)"
    GRAPH_TEXT = "a TensorFlow graph (GraphDef) as text"
    META_GRAPH = "the graph of a TensorFlow 1 checkpoint (.meta)"
    CHECKPOINT = "a part of a TensorFlow checkpoint"
    CHECKPOINT_STATE = "the list of a directory's checkpoints"

    ONNX = "an ONNX model"
    TFLITE = "a TensorFlow Lite model"
    PYTORCH = "a PyTorch file"
    SAFETENSORS = "a safetensors file"
    TENSORFLOW_JS = "a TensorFlow.js model"
    TENSORFLOW_JS_GRAPH = "a TensorFlow.js graph model"
    CORE_ML = "a Core ML model"
    CAFFE = "a Caffe model"
    DARKNET = "a Darknet model"
    OPENVINO = "an OpenVINO model"
    KERAS_JSON = "the architecture of a Keras model, without weights"
    JSON = "a JSON file"
    PIPELINE = "the configuration of a detector's training"
    LABEL_MAP = "a label map"
    PICKLE = "a Python pickle"
    NUMPY = "a file of NumPy arrays"
    ARCHIVE = "an archive"
    LFS_POINTER = "a Git LFS pointer instead of the file that it stands for"
    WEB_PAGE = "a web page"
    EMPTY = "an empty file"
    UNKNOWN = "a file of unknown contents"


_HEAD = 4096
_LARGEST_JSON = 64 << 20
_LFS = b"version https://git-lfs.github.com/spec/"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TABLE_END = bytes.fromhex("57fb808b247547db")
"""The last bytes of a table of TensorFlow: a checkpoint's index, or a whole old checkpoint."""

_STARTS: tuple[tuple[int, bytes, Format], ...] = (
    (0, _HDF5, Format.HDF5),
    (4, b"TFL3", Format.TFLITE),
    (0, b"\x93NUMPY", Format.NUMPY),
    (0, b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", Format.PYTORCH),
    (0, b"\x1f\x8b", Format.ARCHIVE),
    (0, b"BZh", Format.ARCHIVE),
    (0, b"\xfd7zXZ\x00", Format.ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", Format.ARCHIVE),
    (0, b"\x28\xb5\x2f\xfd", Format.ARCHIVE),
    (0, b"Rar!\x1a\x07", Format.ARCHIVE),
    (257, b"ustar", Format.ARCHIVE),
    *((0, b"\x80" + bytes([protocol]), Format.PICKLE) for protocol in range(2, 6)),
)
"""Offset, the bytes there, and what they mean."""

_TEXTS: tuple[tuple[str, Format], ...] = (
    (rf"\A{re.escape(_LFS.decode())}", Format.LFS_POINTER),
    (r"(?i)\A\s*(<\?xml[^>]*\?>)?\s*<(!doctype html|html|error>)", Format.WEB_PAGE),
    (r"\A(404: )?(Not Found|Entry not found|Invalid username or password)", Format.WEB_PAGE),
    (r"\A\s*(<\?xml[^>]*\?>)?\s*<net\b", Format.OPENVINO),
    (r"^\s*(saved_model_schema_version\s*:|meta_graphs\s*:?\s*\{)", Format.SAVED_MODEL),
    (r"^\s*(all_)?model_checkpoint_paths?\s*:", Format.CHECKPOINT_STATE),
    (r"^node\s*:?\s*\{", Format.GRAPH_TEXT),
    (r"^item\s*:?\s*\{", Format.LABEL_MAP),
    (r"^model\s*:?\s*\{", Format.PIPELINE),
    (r"^layers?\s*:?\s*\{", Format.CAFFE),
    (r"^\[(net|network)\]", Format.DARKNET),
    (r"^(backend|class_name)\s*:", Format.KERAS_JSON),
)
"""What a text contains near its beginning, and what that means."""


def format_of(path: Path) -> Format:
    """Return the format of a file. Raise ``SourceError`` if it cannot be read."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            head = file.read(_HEAD)
            return _format(file, head, size) if head else Format.EMPTY
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None


def is_lfs_pointer(path: Path) -> bool:
    """Return whether a file stands for one that Git LFS did not bring."""
    try:
        with open(path, "rb") as file:
            return file.read(len(_LFS)) == _LFS
    except OSError:
        return False


def _format(file: BinaryIO, head: bytes, size: int) -> Format:
    for offset, start, meaning in _STARTS:
        if head.startswith(start, offset):
            return meaning
    for recognize in _OTHERS:
        file.seek(0)
        found = recognize(file, head, size)
        if found is not None:
            return found
    return Format.UNKNOWN


def _archive(file: BinaryIO, head: bytes, _: int) -> Format | None:
    if not head.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.rpartition("/")[2] for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, struct.error):
        return None  # it is damaged
    if "config.json" in names and any(name.endswith(".weights.h5") for name in names):
        return Format.KERAS
    if any(name in ("data.pkl", "constants.pkl") for name in names):
        return Format.PYTORCH
    return Format.NUMPY if names and all(n.endswith(".npy") for n in names) else Format.ARCHIVE


def _user_block(_: BinaryIO, head: bytes, __: int) -> Format | None:
    """Recognize HDF5 behind other data. A zip can have an HDF5 file in the same places."""
    offsets = (512, 1024, 2048)
    return Format.HDF5 if any(head.startswith(_HDF5, offset) for offset in offsets) else None


def _table(file: BinaryIO, _: bytes, size: int) -> Format | None:
    file.seek(max(0, size - len(_TABLE_END)))
    return Format.CHECKPOINT if file.read() == _TABLE_END else None


def _safetensors(_: BinaryIO, head: bytes, size: int) -> Format | None:
    length = int.from_bytes(head[:8], "little")
    return Format.SAFETENSORS if head[8:9] == b"{" and length + 8 <= size else None


def _text(file: BinaryIO, head: bytes, size: int) -> Format | None:
    text = head.decode("utf-8-sig", "replace")
    if "\0" in text or text.count("�") > 1:
        return None
    if text.lstrip().startswith("{"):
        return _json(file, size)
    return next((meaning for one, meaning in _TEXTS if re.search(one, text, re.MULTILINE)), None)


def _json(file: BinaryIO, size: int) -> Format | None:
    try:
        value = json.loads(file.read() if size <= _LARGEST_JSON else b"")
    except (ValueError, RecursionError):
        return None
    if "modelTopology" in value or "weightsManifest" in value:
        is_graph = value.get("format") == "graph-model"
        return Format.TENSORFLOW_JS_GRAPH if is_graph else Format.TENSORFLOW_JS
    shards = value.get("weight_map")
    if isinstance(shards, dict) and ".weights.h5" in str(list(shards.values())):
        return Format.KERAS_SHARDS
    return Format.KERAS_JSON if {"class_name", "config"} <= set(value) else Format.JSON


def _protobuf(file: BinaryIO, _: bytes, size: int) -> Format | None:
    try:
        found = list(fields(file, size))
    except ValueError:
        return None
    kinds = {(field.number, field.wire_type) for field in found}
    numbers = {field.number for field in found}
    if (1, VARINT) in kinds:
        if (7, LENGTH) in kinds:
            return Format.ONNX
        if (2, LENGTH) in kinds and numbers == {1, 2}:
            return Format.SAVED_MODEL
        return Format.CORE_ML if max(numbers) >= 200 else None
    if (100, LENGTH) in kinds:
        return Format.CAFFE
    if (1, LENGTH) in kinds and numbers <= {1, 2, 3, 4} and _is_node(found):
        return Format.GRAPH
    return Format.META_GRAPH if (2, LENGTH) in kinds and numbers <= set(range(1, 8)) else None


def _is_node(found: list[Field]) -> bool:
    """Return whether field 1 holds nodes: a name, and an operation's type."""
    head = next(field.head for field in found if field.number == 1)
    texts: dict[int, bytes] = {}
    try:
        for field in fields(io.BytesIO(head), len(head)):
            texts.setdefault(field.number, field.head)
    except ValueError:
        pass  # only the head of a large node is known
    return (
        bool(texts.get(1)) and re.fullmatch(rb"[A-Za-z_>][\w>./]*", texts.get(2, b"")) is not None
    )


_OTHERS: tuple[Callable[[BinaryIO, bytes, int], Format | None], ...] = (
    _archive,
    _user_block,
    _table,
    _safetensors,
    _text,
    _protobuf,
)
