"""Keras applications by name: `keras:MobileNetV2`."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import SourceError
from export.sources.fingerprint import origin
from export.sources.keras_file import from_keras, load_weights
from export.sources.names import look_up
from export.sources.options import Wish
from export.sources.scaling import Scaling
from export.sources.source import Source

PREFIX = "keras:"
NO_WEIGHTS = "none"
IMAGENET = "imagenet"


def open_application(wish: Wish) -> Source:
    """The application with `--weights`: imagenet (downloaded), a file of weights, or none.

    Its scaling is the application's own. Raises SourceError if there is no such application or
    its weights cannot be had, CheckpointError if the file does not fit.
    """
    name = wish.place.removeprefix(PREFIX)
    build = look_up("Keras application", name, _builders())
    weights = wish.weights or IMAGENET
    model = _build(name, build, weights, wish)
    if weights in (IMAGENET, NO_WEIGHTS):
        told = f"{wish.place} weights {weights}"
    else:
        load_weights(model, Path(weights))
        told = origin(wish.place, [Path(weights)])
    return _with_scaling(from_keras(model, told, wish), _module_of(name), weights)


def _builders() -> dict[str, Any]:
    """Each application by name: its functions are those that take weights and give a model."""
    return {
        name: value
        for name, value in vars(tf.keras.applications).items()
        if inspect.isfunction(value) and "weights" in inspect.signature(value).parameters
    }


def _build(name: str, build: Any, weights: str, wish: Wish) -> Any:
    options: dict[str, Any] = dict(wish.model_args)
    if wish.size is not None:
        options["input_shape"] = (wish.size[1], wish.size[0], 3)
    if weights not in (IMAGENET, NO_WEIGHTS) and not Path(weights).is_file():
        raise SourceError(f"--weights must be {IMAGENET}, {NO_WEIGHTS} or a file, not {weights!r}")
    try:
        return build(weights=IMAGENET if weights == IMAGENET else None, **options)
    except Exception as error:  # network, disk and options: Keras raises many kinds
        reason = " ".join(str(error).split())[:200]
        doing = "get the weights of" if "URL fetch" in reason else "build"
        hint = "; give a file with --weights" if "URL fetch" in reason else ""
        raise SourceError(f"cannot {doing} {name}: {reason}{hint}") from None


def _module_of(name: str) -> ModuleType | None:
    """The module that has the application's own preprocessing beside it."""
    for module in vars(tf.keras.applications).values():
        if (
            inspect.ismodule(module)
            and hasattr(module, "preprocess_input")
            and hasattr(module, name)
        ):
            return module
    return None


def _with_scaling(source: Source, module: ModuleType | None, weights: str) -> Source:
    fields = {**vars(source)}
    if module is not None:
        fields["scaling"] = scaling_of(module.preprocess_input)
    if weights == NO_WEIGHTS:
        fields["notes"] = ("the weights are random: --weights none",)
    return Source(**fields)


def scaling_of(preprocess: Any) -> Scaling:
    """What an application's `preprocess_input` does, learnt from black and the pure colours."""
    probes = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3)]).astype(np.float32)
    black, *pure = np.asarray(preprocess(probes.reshape(4, 1, 1, 3).copy())).reshape(4, 3)
    places = [int(np.abs(found - black).argmax()) for found in pure]
    slopes = [(found - black)[at] / 255 for found, at in zip(pure, places, strict=True)]
    std = tuple(round(1 / float(slope), 4) for slope in slopes)
    mean = tuple(round(-float(black[at]) * s, 4) for at, s in zip(places, std, strict=True))
    return Scaling(mean, std, bgr=places == [2, 1, 0])
