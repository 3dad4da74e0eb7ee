"""Check that a version's directory is complete: files may be missing or still being copied."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterator
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from modelserver.status import Code, ServingError

_VARIABLE_OPS = {"VarHandleOp", "VariableV2", "Variable"}
_SHARD = re.compile(r"variables\.data-\d{5}-of-(\d{5})")
_LFS_POINTER = b"version https://git-lfs"
Fingerprint = tuple[tuple[str, int, int], ...]


class Incomplete(ServingError):
    """Files of a version are missing or truncated; the rest may still arrive."""

    def __init__(self, what: str) -> None:
        super().__init__(Code.FAILED_PRECONDITION, f"incomplete: {what}")


def fingerprint(path: str) -> Fingerprint:
    """Return the path, size in bytes and modification time of every file in a directory.

    Equal fingerprints mean that no file was added, resized or replaced in between.
    """
    files = []
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                status = os.stat(os.path.join(folder, name))
            except OSError:  # deleted just now: the next fingerprint differs
                continue
            files.append((os.path.join(folder, name), status.st_size, status.st_mtime_ns))
    return tuple(sorted(files))


def check(path: str, tags: Collection[str]) -> None:
    """Check that every file that the tagged graph needs is there.

    TensorFlow itself loads a graph without its variables, and every call then fails.

    Raise ``Incomplete`` if a file is missing or truncated, and ``ServingError`` with NOT_FOUND if
    no graph has exactly these tags.
    """
    meta_graph = read_meta_graph(path, tags)
    for name in _needed(path, meta_graph):
        if not os.path.exists(os.path.join(path, name)):
            raise Incomplete(f"{name} is missing")


def read_meta_graph(path: str, tags: Collection[str]) -> Any:
    """Return the MetaGraphDef with exactly these tags. Raise the same errors as ``check``."""
    return _meta_graph(_read(path), tags)


def _read(path: str) -> Any:
    saved_model = saved_model_pb2.SavedModel()
    data = b""
    try:
        with open(os.path.join(path, "saved_model.pb"), "rb") as file:
            data = file.read()
        saved_model.ParseFromString(data)
        if saved_model.meta_graphs:
            return saved_model
        raise _damaged(data)
    except FileNotFoundError:
        pass
    except DecodeError:
        raise _damaged(data) from None
    except OSError as error:
        raise _unreadable(error) from None
    try:
        with open(os.path.join(path, "saved_model.pbtxt"), encoding="utf-8") as file:
            return text_format.Parse(file.read(), saved_model)
    except FileNotFoundError:
        raise Incomplete(f"saved_model.pb is missing{_below(path)}") from None
    except (text_format.ParseError, UnicodeDecodeError):
        raise Incomplete("saved_model.pbtxt is truncated") from None
    except OSError as error:
        raise _unreadable(error) from None


def _damaged(data: bytes) -> Incomplete:
    """Return the error for a graph file without a graph."""
    if data.startswith(_LFS_POINTER):
        return Incomplete("saved_model.pb is a Git LFS pointer; run git lfs pull")
    return Incomplete("saved_model.pb is truncated, or not the graph of a SavedModel")


def _below(path: str) -> str:
    """Return the end of an error message: where a graph is, if the directory is one too many."""
    found = sorted(glob.glob("*/saved_model.pb", root_dir=path))
    return f"; {found[0]} is one level too deep" if found else ""


def _unreadable(error: OSError) -> ServingError:
    return ServingError(Code.PERMISSION_DENIED, f"cannot read {error.filename}: {error.strerror}")


def _meta_graph(saved_model: Any, tags: Collection[str]) -> Any:
    for meta_graph in saved_model.meta_graphs:
        if set(meta_graph.meta_info_def.tags) == set(tags):
            return meta_graph
    if not saved_model.meta_graphs:
        raise Incomplete("saved_model.pb is truncated")
    raise ServingError(
        Code.NOT_FOUND,
        f"Could not find meta graph def matching supplied tags: {{ {' '.join(tags)} }}. To inspect "
        "available tag-sets in the SavedModel, please use the SavedModel CLI: `saved_model_cli`",
    )


def _needed(path: str, meta_graph: Any) -> Iterator[str]:
    for asset in _assets(meta_graph):
        yield os.path.join("assets", asset)
    if not meta_graph.saver_def.restore_op_name or not _has_variables(meta_graph):
        return
    yield "variables/variables.index"
    folder = os.path.join(path, "variables")
    shards = [match for match in map(_SHARD.fullmatch, os.listdir(folder)) if match]
    count = int(shards[0][1]) if shards else 1
    for shard in range(count):
        yield f"variables/variables.data-{shard:05d}-of-{count:05d}"


def _has_variables(meta_graph: Any) -> bool:
    return any(node.op in _VARIABLE_OPS for node in meta_graph.graph_def.node)


def _assets(meta_graph: Any) -> Iterator[str]:
    """Yield the file names of the graph's assets, from the current field and the older one."""
    for asset in meta_graph.asset_file_def:
        yield asset.filename
    for packed in meta_graph.collection_def["saved_model_assets"].any_list.value:
        asset = meta_graph_pb2.AssetFileDef()
        if packed.Unpack(asset):
            yield asset.filename
