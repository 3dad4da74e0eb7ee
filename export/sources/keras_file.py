"""Keras files: whole models (``.keras``, HDF5), or weights for a model that a function builds."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import h5py
import tensorflow as tf

from export.errors import CheckpointError, SourceError
from export.sources import builder
from export.sources.fingerprint import fingerprint
from export.sources.keras_preprocessing import own_scaling
from export.sources.options import SourceOptions
from export.sources.source import Restoration, Source

SUFFIXES = (".keras", ".h5", ".hdf5")
_LONGEST = 300


def open_keras_file(options: SourceOptions, path: Path) -> Source:
    """Load the model in the file, or build the model and load the file's weights.

    Raise ``SourceError``, or ``CheckpointError`` if the weights do not fit the model.
    """
    model = _load(path) if options.model is None else _build_and_fill(options, path)
    return from_keras(model, fingerprint(path.name, [path]), options)


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
        holds=tuple(builder.variables_of(model)),
    )


def _load(path: Path) -> Any:
    if path.suffix != ".keras" and not _holds_model(path):
        raise SourceError(
            f"{path} contains weights without a model; name a function that builds the model: "
            "--model package.module:function"
        )
    try:
        return tf.keras.models.load_model(path, compile=False)
    except Exception as error:  # a file can name layers that run arbitrary code
        raise SourceError(f"cannot load {path}: {_line(error)}") from None


def _holds_model(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return "model_config" in file.attrs
    except OSError as error:
        raise SourceError(f"{path} is not an HDF5 file: {_line(error)}") from None


def _build_and_fill(options: SourceOptions, path: Path) -> Any:
    assert options.model is not None
    model = builder.build(options)
    if not isinstance(model, tf.keras.Model):
        raise SourceError(
            f"{options.model} returned {type(model).__name__}, but {path.name} needs a Keras model"
        )
    builder.run_once(model, builder.input_of(model, options), options.model)
    load_weights(model, path)
    return model


def load_weights(model: Any, path: Path) -> None:
    """Load the file's weights into the model. Raise ``CheckpointError`` if any does not fit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the relevant ones are raised as errors, too
            model.load_weights(path)
    except Exception as error:  # Keras raises many kinds
        raise CheckpointError(f"{path} does not fit the model: {_mismatch(error)}") from None


def _mismatch(error: Exception) -> str:
    """Return which variable or layer does not fit, from Keras's long message."""
    message = str(error)
    shapes = re.search(r"variable\.shape=(\(.*?\)), Received: value\.shape=(\(.*?\))", message)
    name = re.search(r"<Variable path=([^,>]+)", message)
    if shapes and name:
        return f"{name[1]} is {shapes[1]} in the model and {shapes[2]} in the file"
    counts = re.search(r"Layer '(.+?)' expected (\d+) variables, but received (\d+)", message)
    if counts:
        return (
            f"layer {counts[1]} has {counts[2]} variables in the model and {counts[3]} in the file"
        )
    return _line(error)


def _line(error: Exception) -> str:
    """Return the beginning of Keras's long message on one line."""
    words = " ".join(str(error).split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rsplit(' ', 1)[0]} ..."
