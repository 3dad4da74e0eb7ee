"""Detect the kind of a source and open it."""

from __future__ import annotations

from pathlib import Path

from export.contract import GRAPH_FILES
from export.errors import SourceError
from export.sources import checkpoints
from export.sources.checkpoints import Checkpoint
from export.sources.keras_application import PREFIX, open_application
from export.sources.keras_file import SUFFIXES, open_keras_file
from export.sources.options import SourceOptions
from export.sources.saved_model import open_saved_model
from export.sources.source import Source
from export.sources.tf1_checkpoint import open_tf1_checkpoint
from export.sources.tf2_checkpoint import open_tf2_checkpoint

_FLAGS = {
    "model": "--model",
    "model_args": "--model-args",
    "inputs": "--inputs",
    "signature": "--signature",
    "feeds": "--feed",
    "variables": "--variables",
    "exclude_nodes": "--exclude-nodes",
    "moving_average": "--moving-average",
    "weights": "--weights",
    "unsafe": "--unsafe",
}
"""The options that only some kinds of sources support."""


def open_source(options: SourceOptions) -> Source:
    """Load the trained model at ``options.location``. Raise ``ExportError``."""
    if options.location.startswith(PREFIX):
        _check(options, "a Keras application", "model_args", "weights")
        return open_application(options)
    path = Path(options.location)
    if path.suffix in SUFFIXES and path.is_file():
        _check(options, "a Keras file", "model", "model_args", "unsafe")
        return open_keras_file(options, path)
    if any((path / name).exists() for name in GRAPH_FILES):
        _check(options, "a SavedModel", "inputs", "signature", "feeds")
        return open_saved_model(options, path)
    return _open_checkpoint(options, _find_checkpoint(path))


def _find_checkpoint(path: Path) -> Checkpoint:
    """Return the checkpoint at ``path``. Raise ``ExportError`` that says what can be there."""
    if path.is_dir() and not (any(path.glob("*.index")) or (path / "checkpoint").exists()):
        raise SourceError(f"there is no model in {path}: neither a SavedModel nor a checkpoint")
    if path.is_file() and not checkpoints.at(path).index.is_file():
        raise SourceError(
            f"{path} is not a kind of model that can be read: pass a .keras or HDF5 file, a "
            "SavedModel's directory, or a checkpoint"
        )
    return checkpoints.find(path)


def _open_checkpoint(options: SourceOptions, checkpoint: Checkpoint) -> Source:
    if options.model is not None:
        _check(options, "a TensorFlow 2 checkpoint", "model", "model_args")
        return open_tf2_checkpoint(options, checkpoint)
    if not checkpoint.meta.exists():
        raise SourceError(
            f"{checkpoint.prefix} has no graph (.meta); name a function that builds the model: "
            "--model package.module:function"
        )
    supported = ("inputs", "feeds", "variables", "exclude_nodes", "moving_average")
    _check(options, "a TensorFlow 1 checkpoint", *supported)
    return open_tf1_checkpoint(options, checkpoint)


def _check(options: SourceOptions, kind: str, *supported: str) -> None:
    """Raise ``SourceError`` for options that this kind of source would ignore."""
    given = [name for name in _FLAGS if getattr(options, name) and name not in supported]
    if given:
        flags = " and ".join(_FLAGS[name] for name in given)
        raise SourceError(f"{flags} cannot be used with {kind}")
