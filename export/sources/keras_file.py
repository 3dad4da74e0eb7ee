"""Keras models: whole ones in `.keras` and HDF5 files, or weights for a model that a function
builds."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import h5py
import tensorflow as tf

from export.errors import CheckpointError, SourceError
from export.sources import builder
from export.sources.fingerprint import origin
from export.sources.options import Wish
from export.sources.source import Restoration, Source

SUFFIXES = (".keras", ".h5", ".hdf5")


def open_keras_file(wish: Wish, path: Path) -> Source:
    """The model in the file, or the built model with the file's weights.

    Raises SourceError, or CheckpointError if the weights do not fit the model.
    """
    model = _load(path) if wish.model is None else _fill(wish, path)
    return from_keras(model, origin(path.name, [path]), wish)


def from_keras(model: Any, origin: str, wish: Wish) -> Source:
    """A Keras model as a source."""
    infer = builder.caller(model, wish.outputs)
    return Source(
        origin=origin,
        input=builder.input_of(model, wish),
        infer=infer,
        reference=infer,
        restoration=Restoration(len(model.weights)),
        holds=tuple(builder.variables_of(model)),
    )


def _load(path: Path) -> Any:
    if path.suffix != ".keras" and not _is_whole(path):
        raise SourceError(
            f"{path} holds weights without their model; name a function that builds it with "
            "--model package.module:function"
        )
    try:
        return tf.keras.models.load_model(path, compile=False)
    except Exception as error:  # a file may name layers that run any code
        raise SourceError(f"cannot load {path}: {_line(error)}") from None


def _is_whole(path: Path) -> bool:
    try:
        with h5py.File(path, "r") as file:
            return "model_config" in file.attrs
    except OSError as error:
        raise SourceError(f"{path} is no HDF5 file: {_line(error)}") from None


def _fill(wish: Wish, path: Path) -> Any:
    assert wish.model is not None
    model = builder.build(wish)
    if not isinstance(model, tf.keras.Model):
        raise SourceError(
            f"{wish.model} gave {type(model).__name__}; {path.name} needs a Keras model"
        )
    builder.run_once(model, builder.input_of(model, wish), wish.model)
    load_weights(model, path)
    return model


def load_weights(model: Any, path: Path) -> None:
    """Gives the model the file's weights. Raises CheckpointError if any does not fit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters among them is an error as well
            model.load_weights(path)
    except Exception as error:  # Keras raises many kinds
        raise CheckpointError(f"{path} does not fit the model: {_mismatch(error)}") from None


def _mismatch(error: Exception) -> str:
    """Which variable or layer does not fit, from the many words that Keras has for it."""
    said = str(error)
    shapes = re.search(r"variable\.shape=(\(.*?\)), Received: value\.shape=(\(.*?\))", said)
    name = re.search(r"<Variable path=([^,>]+)", said)
    if shapes and name:
        return f"{name[1]} is {shapes[1]} in the model and {shapes[2]} in the file"
    counts = re.search(r"Layer '(.+?)' expected (\d+) variables, but received (\d+)", said)
    if counts:
        return (
            f"layer {counts[1]} has {counts[2]} variables in the model and {counts[3]} in the file"
        )
    return _line(error)


def _line(error: Exception) -> str:
    """Keras explains itself at length: the beginning of it, on one line."""
    words = " ".join(str(error).split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rsplit(' ', 1)[0]} ..."


_LONGEST = 300
