"""Whole models of Keras 2: read by Keras 2 if it is installed, otherwise converted for Keras 3."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from export.errors import SourceError
from export.sources.keras2_config import converted
from export.sources.keras2_layers import CUSTOM_OBJECTS
from export.sources.keras3_config import corrected
from export.sources.keras_archive import KerasArchive
from export.sources.keras_code import refuse_code
from export.sources.keras_copy import WEIGHTS
from export.sources.keras_errors import BUILD, reason
from export.sources.keras_libraries import EXTRA, keras2


def load(archive: KerasArchive, unsafe: bool) -> Any:
    """Return the model in the file. ``unsafe``: run the code in it. Raise ``SourceError``."""
    refuse_code(archive, unsafe)
    library = keras2()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old formats
            if library is not None:
                return _load(library, archive)
            return _convert(archive)
    except Exception as error:  # damaged and unknown layers raise anything
        step = BUILD if library is not None else f"install Keras 2 ({EXTRA}), or {BUILD}"
        raise SourceError(
            f"cannot load {archive.path}, which Keras {archive.version or 1} wrote: "
            f"{reason(error)}; {step}"
        ) from None


def _load(library: ModuleType, archive: KerasArchive) -> Any:
    """Load the file with the library that it was made for."""
    # The first four are what the code of a Lambda layer usually refers to.
    names = {
        "tf": tf,
        "keras": library,
        "K": library.backend,
        "np": np,
        "relu6": tf.nn.relu6,
    }
    with archive.named() as path:
        return library.models.load_model(path, names, compile=False, safe_mode=False)


def _convert(archive: KerasArchive) -> Any:
    """Build the model with Keras 3 and load the weights into it."""
    assert archive.config is not None
    config = corrected(converted(archive.config))
    with keras.saving.custom_object_scope(CUSTOM_OBJECTS):
        model = keras.saving.deserialize_keras_object(config, safe_mode=False)
    if archive.suffix != ".keras":
        with archive.named() as path:
            model.load_weights(path)
        return model
    with (
        archive.named() as path,
        zipfile.ZipFile(path) as file,
        tempfile.TemporaryDirectory() as folder,
    ):
        model.load_weights(Path(file.extract(WEIGHTS, folder)))
    return model
