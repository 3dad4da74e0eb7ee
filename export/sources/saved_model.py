"""SavedModels made by other tools, with signatures and names of their own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.contract import DESCRIBE, GRAPH_FILES, Outputs, Tensor
from export.errors import SourceError, reason_of
from export.sources import checkpoints, metagraphs
from export.sources.callables import Function, functions_of
from export.sources.feeds import shaped_constant
from export.sources.fingerprint import fingerprint
from export.sources.names import image_input, left_out, select_outputs, select_signature
from export.sources.options import SourceOptions
from export.sources.source import Restoration, Source
from export.sources.tf1_saved_model import open_tf1_saved_model
from export.suggestions import look_up

_NO_ASSET = re.compile(r"/(assets/[^;\n]+); No such file")


def open_saved_model(options: SourceOptions, folder: Path) -> Source:
    """Load one signature of the SavedModel in ``folder``. Raise ``SourceError``."""
    made_from = fingerprint(_title(folder), _files(folder))
    graph = metagraphs.choose(folder, options.tags)
    if graph.needs_session:
        try:
            return open_tf1_saved_model(options, folder, graph.tags, made_from)
        except SourceError as error:
            _check_files(folder, error)
            raise
    loaded = _load(folder, graph.tags)
    functions = functions_of(loaded)
    if not functions:
        raise SourceError(f"{folder} has no signature and no function that takes tensors")
    function = look_up("signature", select_signature(options.signature, functions), functions)
    specs = function.specs
    feeds = {
        name: tf.constant(shaped_constant(name, value, look_up("input", name, specs)))
        for name, value in options.feeds.items()
    }
    alias = image_input(options.inputs, feeds, specs)

    def infer(images: Tensor) -> Outputs:
        return select_outputs(function.run(**{alias: images}, **feeds), options.outputs)

    return Source(
        made_from=made_from,
        input=_image_spec(specs[alias]),
        infer=infer,
        reference=infer,
        restoration=Restoration(function.variables),
        described=_description(functions),
        holds=(loaded,),
        left_out=left_out(function.outputs, options.outputs),
    )


def _load(folder: Path, tags: metagraphs.Tags) -> Any:
    try:
        return tf.saved_model.load(str(metagraphs.loadable(folder)), list(tags))
    except Exception as error:  # damaged files can raise anything
        _check_files(folder, error)
        raise SourceError(f"cannot load {folder}: {reason_of(error)}") from None


def _check_files(folder: Path, error: Exception) -> None:
    """Raise ``SourceError`` if files of the variables, or the asset in ``error``, are missing."""
    asset = _NO_ASSET.search(str(error))
    if asset:
        raise SourceError(f"cannot load {folder}: {asset[1]} is missing; copy the whole directory")
    if not checkpoints.at(folder / "variables" / "variables").is_whole():
        raise SourceError(
            f"cannot load {folder}: files in its directory variables/ are missing; copy the whole "
            "directory"
        )


def _description(functions: dict[str, Function]) -> dict[str, Any]:
    """Return the description of a version that follows the model contract, otherwise nothing."""
    try:
        fields = json.loads(functions[DESCRIBE].run()["description"].numpy())
    except (KeyError, ValueError, TypeError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _image_spec(spec: tf.TensorSpec) -> tf.TensorSpec:
    """Return the input; if its rank is unknown, assume images."""
    shape = spec.shape
    if shape.rank is None:
        shape = [None] if spec.dtype == tf.string else [None, None, None, 3]
    return tf.TensorSpec(shape, spec.dtype)


def _title(folder: Path) -> str:
    """Return ``name/version`` for a version's directory, and a plain directory's own name."""
    path = folder.resolve()
    return f"{path.parent.name}/{path.name}" if path.name.isdecimal() else path.name


def _files(folder: Path) -> list[Path]:
    graphs = [folder / name for name in GRAPH_FILES if (folder / name).exists()]
    variables = [path for path in sorted(folder.glob("variables/*")) if path.is_file()]
    return [*graphs, *variables]
