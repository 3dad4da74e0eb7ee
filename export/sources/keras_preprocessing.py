"""Detect Keras models that scale pixels themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from export.sources.keras_libraries import is_model
from export.sources.scaling import Scaling

_SCALING_LAYERS = ("Rescaling", "Normalization")


def own_scaling(model: Any) -> Scaling | None:
    """Return ``Scaling()``, no scaling, for a model that begins with a layer that scales pixels.

    Such a model (``Rescaling`` or ``Normalization`` before its first weights) takes pixels in
    0..255. None for other models, which do not say what they expect.
    """
    for layer in _layers(model):
        if type(layer).__name__ in _SCALING_LAYERS:
            return Scaling()
        if layer.weights:
            return None
    return None


def _layers(model: Any) -> Iterator[Any]:
    """Yield the layers in order, those of nested models included."""
    for layer in getattr(model, "layers", ()):
        if is_model(layer):
            yield from _layers(layer)
        else:
            yield layer
