"""Which kind of source a place is."""

from __future__ import annotations

from pathlib import Path

from export.errors import SourceError
from export.sources.keras_application import PREFIX, open_application
from export.sources.keras_file import SUFFIXES, open_keras_file
from export.sources.options import Wish
from export.sources.place import checkpoint_at
from export.sources.saved_model import GRAPH_FILES, open_saved_model
from export.sources.source import Source
from export.sources.tf1_checkpoint import open_meta_graph
from export.sources.tf2_checkpoint import open_object_graph

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
}
"""Of the options, those that not every kind of source heeds."""


def open_source(wish: Wish) -> Source:
    """Loads the trained model at `wish.place`. Raises ExportError."""
    if wish.place.startswith(PREFIX):
        _check(wish, "a Keras application", "model_args", "weights")
        return open_application(wish)
    path = Path(wish.place)
    if path.suffix in SUFFIXES and path.is_file():
        _check(wish, "a Keras file", "model", "model_args")
        return open_keras_file(wish, path)
    if any((path / name).exists() for name in GRAPH_FILES):
        _check(wish, "a SavedModel", "inputs", "signature", "feeds")
        return open_saved_model(wish, path)
    return _open_checkpoint(wish, checkpoint_at(path))


def _open_checkpoint(wish: Wish, prefix: Path) -> Source:
    if wish.model is not None:
        _check(wish, "a TensorFlow 2 checkpoint", "model", "model_args")
        return open_object_graph(wish, prefix)
    if not prefix.with_name(f"{prefix.name}.meta").exists():
        raise SourceError(
            f"{prefix} has no graph beside it (.meta); name the function that builds its model "
            "with --model package.module:function"
        )
    graphs = ("inputs", "feeds", "variables", "exclude_nodes", "moving_average")
    _check(wish, "a TensorFlow 1 checkpoint", *graphs)
    return open_meta_graph(wish, prefix)


def _check(wish: Wish, kind: str, *heeded: str) -> None:
    """Raises SourceError for options that this kind of source would pass over."""
    given = [name for name in _FLAGS if getattr(wish, name) and name not in heeded]
    if given:
        flags = " and ".join(_FLAGS[name] for name in given)
        raise SourceError(f"{flags} cannot be used with {kind}")
