"""Keras files: whole models (``.keras``, HDF5), or weights for a model that a function builds."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from export.errors import CheckpointError, SourceError
from export.sources import builder, keras2_file, keras3_file, keras_shards
from export.sources.fingerprint import fingerprint
from export.sources.formats import Format, format_of
from export.sources.keras_archive import read_archive
from export.sources.keras_errors import mismatch
from export.sources.keras_libraries import is_model
from export.sources.keras_preprocessing import own_scaling
from export.sources.options import SourceOptions
from export.sources.source import Restoration, Source


def open_keras_file(options: SourceOptions, path: Path) -> Source:
    """Load the model in the file, or build the model and load the file's weights.

    Raise ``SourceError``, or ``CheckpointError`` if the weights do not fit the model.
    """
    model = _load(path, options.unsafe) if options.model is None else _build_and_fill(options, path)
    return from_keras(model, fingerprint(path.name, _files(path)), options)


def from_keras(model: Any, made_from: str, options: SourceOptions) -> Source:
    """Return a Keras model as a source."""
    infer = builder.caller(model, options.outputs)
    return Source(
        made_from=made_from,
        input=builder.input_of(model, options),
        infer=infer,
        reference=infer,
        restoration=Restoration(len(model.weights)),
        scaling=own_scaling(model),
        holds=tuple(builder.resources_of(model)),
    )


def _files(path: Path) -> list[Path]:
    return keras_shards.files(path) if _is_list(path) else [path]


def _is_list(path: Path) -> bool:
    return format_of(path) == Format.KERAS_SHARDS


def _load(path: Path, unsafe: bool) -> Any:
    archive = None if _is_list(path) else read_archive(path)
    if archive is None or archive.config is None:
        raise SourceError(
            f"{path} contains weights without a model; name a function that builds the model: "
            "--model package.module:function"
        )
    library = keras2_file if archive.is_keras2 else keras3_file
    model = library.load(archive, unsafe)
    if not model.built:
        raise SourceError(
            f"{path} was saved before the model knew its input, so it has no weights: train it, or "
            "call model.build, and save it again"
        )
    return model


def _build_and_fill(options: SourceOptions, path: Path) -> Any:
    assert options.model is not None
    model = builder.build(options)
    if not is_model(model):
        raise SourceError(
            f"{options.model} returned {type(model).__name__}, but {path.name} needs a Keras model"
        )
    builder.run_once(model, builder.input_of(model, options), options.model)
    load_weights(model, path)
    return model


def load_weights(model: Any, path: Path) -> None:
    """Load the file's weights into the model. Raise ``CheckpointError`` if any does not fit."""
    readable = nullcontext(str(path)) if _is_list(path) else read_archive(path).named()
    _files(path)
    try:
        with warnings.catch_warnings(), readable as name:
            warnings.simplefilter("ignore")  # the relevant ones are raised as errors, too
            model.load_weights(name)
    except Exception as error:  # Keras raises many kinds
        raise CheckpointError(f"{path} does not fit the model: {mismatch(error)}") from None
