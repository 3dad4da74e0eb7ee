"""The two libraries that a Keras model can belong to: Keras 3, and Keras 2 (``tf_keras``).

``tf.keras`` is either of them, depending on ``TF_USE_LEGACY_KERAS`` in the environment, so this
package asks for the one it means.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

from export.errors import SourceError

EXTRA = "pip install 'framewire[keras2]'"
"""How to install Keras 2."""


def load_keras3() -> None:
    """Import Keras 3 as if the user had no settings of its own. Raise ``SourceError``.

    Models that functions and applications build would differ from one machine to another.
    """
    try:
        import keras
    except Exception as error:  # Keras only asserts that its settings are valid
        folder = os.environ.get("KERAS_HOME") or "~/.keras"
        reason = f"{type(error).__name__} {error}".strip()
        raise SourceError(
            f"cannot import Keras: {reason}; correct or delete its settings if there are any, "
            f"{folder}/keras.json"
        ) from None
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")


def keras2() -> ModuleType | None:
    """Return Keras 2, or None if it is not installed."""
    try:
        import tf_keras
    except ImportError:
        return None
    return tf_keras


def is_model(value: Any) -> bool:
    """Return whether ``value`` is a model of either library."""
    return isinstance(value, tuple(library.Model for library in _loaded()))


def is_layer(value: Any) -> bool:
    """Return whether ``value`` is a layer (or a model) of either library."""
    return isinstance(value, tuple(library.layers.Layer for library in _loaded()))


def _loaded() -> list[Any]:
    """Return the libraries that are imported; no value can belong to the others."""
    found = [sys.modules.get(name) for name in ("keras", "tf_keras")]
    return [library for library in found if library is not None]
