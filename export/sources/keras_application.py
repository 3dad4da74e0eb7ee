"""Keras applications by name: ``keras:MobileNetV2``."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

from export.errors import SourceError
from export.sources.fingerprint import fingerprint
from export.sources.keras_errors import reason
from export.sources.keras_file import from_keras, load_weights
from export.sources.options import SourceOptions
from export.sources.scaling import Scaling
from export.sources.source import Source
from export.suggestions import look_up

NO_WEIGHTS = "none"
IMAGENET = "imagenet"


def open_application(options: SourceOptions, name: str) -> Source:
    """Build the application ``name`` with ``--weights``: imagenet (downloaded), a file, or none.

    Its scaling is that of the application's own preprocessing. Raise ``SourceError`` if there is
    no such application or its weights cannot be obtained, ``CheckpointError`` if the file does not
    fit.
    """
    # Users may have other defaults in ~/.keras/keras.json.
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    build = look_up("Keras application", name, _builders())
    weights = options.weights or IMAGENET
    model = _build(name, build, weights, options)
    if weights in (IMAGENET, NO_WEIGHTS):
        made_from = f"{options.location} weights {weights}"
    else:
        load_weights(model, Path(weights))
        made_from = fingerprint(options.location, [Path(weights)])
    return _with_scaling(from_keras(model, made_from, options), _module_of(name), weights)


def _builders() -> dict[str, Any]:
    """Return the functions that build an application: those with a parameter ``weights``."""
    return {
        name: value
        for name, value in vars(keras.applications).items()
        if inspect.isfunction(value) and "weights" in inspect.signature(value).parameters
    }


def _build(name: str, build: Any, weights: str, options: SourceOptions) -> Any:
    arguments: dict[str, Any] = dict(options.model_args)
    if options.size is not None:
        arguments["input_shape"] = (options.size[1], options.size[0], 3)
    if weights not in (IMAGENET, NO_WEIGHTS) and not Path(weights).is_file():
        raise SourceError(f"--weights must be {IMAGENET}, {NO_WEIGHTS} or a file, not {weights!r}")
    try:
        return build(weights=IMAGENET if weights == IMAGENET else None, **arguments)
    except Exception as error:  # Keras raises many kinds for network, disk and arguments
        cause = reason(error)
        if "URL fetch" in cause:
            raise SourceError(
                f"cannot download the weights of {name}: {cause}; pass a file with --weights"
            ) from None
        raise SourceError(f"cannot build {name}: {cause}") from None


def _module_of(name: str) -> ModuleType | None:
    """Return the module with the application's own preprocessing."""
    for module in vars(keras.applications).values():
        if (
            inspect.ismodule(module)
            and hasattr(module, "preprocess_input")
            and hasattr(module, name)
        ):
            return module
    return None


def _with_scaling(source: Source, module: ModuleType | None, weights: str) -> Source:
    if module is not None:
        source = replace(source, scaling=scaling_of(module.preprocess_input))
    if weights == NO_WEIGHTS:
        source = replace(source, notes=("the weights are random because of --weights none",))
    return source


def scaling_of(preprocess: Any) -> Scaling:
    """Return what a ``preprocess_input`` does, inferred from black and the pure colors."""
    probes = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3)]).astype(np.float32)
    black, *pure = np.asarray(preprocess(probes.reshape(4, 1, 1, 3).copy())).reshape(4, 3)
    channels = [int(np.abs(color - black).argmax()) for color in pure]
    slopes = [(color - black)[at] / 255 for color, at in zip(pure, channels, strict=True)]
    std = tuple(round(1 / float(slope), 4) for slope in slopes)
    mean = tuple(round(-float(black[at]) * s, 4) for at, s in zip(channels, std, strict=True))
    return Scaling(mean, std, bgr=channels == [2, 1, 0])
