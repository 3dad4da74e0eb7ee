"""Detect Keras models that scale pixels themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from export.sources.keras_libraries import is_model
from export.sources.scaling import Scaling

_SMALLEST_SCALE = 0.5
"""Of what widens 0..1, such as 2 for -1..1; 0..255 is divided by a hundred or more."""
_SCALING_LAYERS = ("Rescaling", "Normalization")


def own_scaling(model: Any) -> Scaling | None:
    """Return ``Scaling()``, no scaling, for a model that begins with a layer that scales pixels.

    Such a model (``Rescaling`` or ``Normalization`` before its first weights) takes pixels in
    0..255, unless the layer's numbers are for 0..1. None for those and for other models, which do
    not say what they expect.
    """
    for layer in _layers(model):
        if type(layer).__name__ in _SCALING_LAYERS:
            return None if _is_for_fractions(layer) else Scaling()
        if layer.weights:
            return None
    return None


def _is_for_fractions(layer: Any) -> bool:
    """Return whether a layer that scales has numbers that belong to pixels in 0..1."""
    if type(layer).__name__ == "Rescaling":
        return bool(np.abs(np.asarray(layer.scale)).max() >= _SMALLEST_SCALE)
    mean, variance = np.asarray(layer.mean), np.asarray(layer.variance)
    return bool(np.abs(mean).max() < 1 and variance.max() < 1)


def _layers(model: Any) -> Iterator[Any]:
    """Yield the layers in order, those of nested models included."""
    for layer in getattr(model, "layers", ()):
        if is_model(layer):
            yield from _layers(layer)
        else:
            yield layer
