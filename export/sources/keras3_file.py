"""Whole models of Keras 3."""

from __future__ import annotations

from typing import Any

import keras

from export.errors import SourceError
from export.sources.keras3_config import corrected
from export.sources.keras_archive import KerasArchive
from export.sources.keras_code import refuse_code
from export.sources.keras_errors import BUILD, reason


def load(archive: KerasArchive, unsafe: bool) -> Any:
    """Return the model in the file. ``unsafe``: run the code in it. Raise ``SourceError``."""
    try:
        with archive.named(corrected(archive.config)) as name:
            return keras.models.load_model(name, compile=False, safe_mode=not unsafe)
    except Exception as error:  # a file can name layers that run arbitrary code
        if "safe_mode" in str(error):
            refuse_code(archive, unsafe)
        raise SourceError(f"cannot load {archive.path}: {reason(error)}; {BUILD}") from None
