"""Open a source by what is in it. Keras is imported only for a source that needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from export.errors import SourceError
from export.sources import checkpoints
from export.sources.checkpoints import Checkpoint
from export.sources.encoded_images import check_decodes
from export.sources.formats import Format
from export.sources.frozen_graph import open_frozen_graph
from export.sources.keras_libraries import load_keras3
from export.sources.layout import as_images
from export.sources.location import Location, locate
from export.sources.options import SourceOptions
from export.sources.saved_model import open_saved_model
from export.sources.source import Source
from export.sources.tf1_checkpoint import open_tf1_checkpoint
from export.sources.tf2_checkpoint import open_tf2_checkpoint

_APPLICATION = "keras:"
_FLAGS = {
    "model": "--model",
    "model_args": "--model-args",
    "inputs": "--inputs",
    "signature": "--signature",
    "tags": "--tags",
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
    if options.location.startswith(_APPLICATION):
        return _open_application(options)
    location = locate(Path(options.location))
    source = _OPENERS[location.format](options, location)
    source = replace(source, notes=(*location.notes, *source.notes))
    source = as_images(source, options.size, options.batch)
    check_decodes(source)
    return source


def _open_application(options: SourceOptions) -> Source:
    load_keras3()
    from export.sources.keras_application import open_application

    _check(options, "a Keras application", "model_args", "weights")
    return open_application(options, options.location.removeprefix(_APPLICATION))


def _open_keras(options: SourceOptions, location: Location) -> Source:
    load_keras3()
    from export.sources.keras_file import open_keras_file

    _check(options, "a Keras file", "model", "model_args", "unsafe")
    return open_keras_file(options, location.path)


def _open_saved_model(options: SourceOptions, location: Location) -> Source:
    _check(options, "a SavedModel", "inputs", "signature", "tags", "feeds")
    return open_saved_model(options, location.path)


def _open_graph(options: SourceOptions, location: Location) -> Source:
    _check(options, "a frozen graph", "inputs", "feeds", "exclude_nodes")
    return open_frozen_graph(options, location)


def _open_checkpoint(options: SourceOptions, location: Location) -> Source:
    checkpoint = checkpoints.find(location.path)
    source = _open_values(options, checkpoint)
    return replace(source, notes=(*checkpoint.notes, *source.notes))


def _open_values(options: SourceOptions, checkpoint: Checkpoint) -> Source:
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


_OPENERS: dict[Format, Callable[[SourceOptions, Location], Source]] = {
    Format.KERAS: _open_keras,
    Format.HDF5: _open_keras,
    Format.KERAS_SHARDS: _open_keras,
    Format.SAVED_MODEL: _open_saved_model,
    Format.GRAPH: _open_graph,
    Format.GRAPH_TEXT: _open_graph,
    Format.CHECKPOINT: _open_checkpoint,
}


def _check(options: SourceOptions, kind: str, *supported: str) -> None:
    """Raise ``SourceError`` for options that this kind of source would ignore."""
    given = [name for name in _FLAGS if getattr(options, name) and name not in supported]
    if given:
        flags = " and ".join(_FLAGS[name] for name in given)
        raise SourceError(f"{flags} cannot be used with {kind}")
