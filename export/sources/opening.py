"""Which kind of source a place is."""

from __future__ import annotations

from pathlib import Path

from export.errors import SourceError
from export.sources.application import PREFIX, open_application
from export.sources.keras_file import SUFFIXES, open_keras_file
from export.sources.meta_graph import open_meta_graph
from export.sources.object_graph import open_object_graph
from export.sources.place import checkpoint_at
from export.sources.saved_model import GRAPH_FILES, open_saved_model
from export.sources.source import Source
from export.sources.wish import Wish


def open_source(wish: Wish) -> Source:
    """Loads the trained model at `wish.place`. Raises ExportError."""
    if wish.place.startswith(PREFIX):
        return open_application(wish)
    path = Path(wish.place)
    if path.suffix in SUFFIXES and path.is_file():
        return open_keras_file(wish, path)
    if any((path / name).exists() for name in GRAPH_FILES):
        return open_saved_model(wish, path)
    prefix = checkpoint_at(path)
    if wish.model is not None:
        return open_object_graph(wish, prefix)
    if not prefix.with_name(f"{prefix.name}.meta").exists():
        raise SourceError(
            f"{prefix} has no graph beside it (.meta); name the function that builds its model "
            "with --model package.module:function"
        )
    return open_meta_graph(wish, prefix)
