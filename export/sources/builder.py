"""A model built by a function of the user's: `package.module:function`."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.errors import SourceError
from export.sources.names import renamed
from export.sources.options import Wish
from export.sources.source import Outputs, Tensor


def build(wish: Wish) -> Any:
    """What the function returns: a Keras model, or anything that can be called with pictures.

    Raises SourceError if there is no such function or it fails.
    """
    assert wish.model is not None
    function = _find(wish.model)
    try:
        model = function(**wish.model_args)
    except Exception as error:  # the user's code may raise anything
        raise SourceError(f"{wish.model} failed: {_line(error)}") from None
    if not callable(model):
        raise SourceError(f"{wish.model} gave {type(model).__name__}, which cannot be called")
    return model


def _find(name: str) -> Callable[..., Any]:
    module_name, colon, function_name = name.partition(":")
    if not colon or not module_name or not function_name:
        raise SourceError(f"--model must be package.module:function, not {name!r}")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # importing runs the user's code
        raise SourceError(f"cannot import {module_name}: {_line(error)}") from None
    function = getattr(module, function_name, None)
    if not callable(function):
        names = [each for each, value in vars(module).items() if inspect.isfunction(value)]
        there = f"; it has {', '.join(names)}" if names else ""
        raise SourceError(f"{module_name} has no function {function_name}{there}")
    return function


def input_of(model: Any, wish: Wish) -> tf.TensorSpec:
    """The pictures that it takes: what Keras knows of it, else float32 of `--size`."""
    inputs = getattr(model, "inputs", None)
    if inputs and len(inputs) > 1:
        raise SourceError(f"the model has {len(inputs)} inputs; pictures go into one")
    if inputs:
        return tf.TensorSpec(inputs[0].shape, inputs[0].dtype)
    if wish.size is None:
        raise SourceError("the model does not say how large its pictures are; give --size WxH")
    width, height = wish.size
    return tf.TensorSpec([wish.batch, height, width, 3], tf.float32)


def caller(model: Any, outputs: Mapping[str, str]) -> Callable[[Tensor], Outputs]:
    """The model as a function that gives its outputs by name, not in training.

    outputs: names of those that are wanted, by their new names; all if there are none.
    """
    options = {"training": False} if _has_training(model) else {}
    names = getattr(model, "output_names", None)

    def infer(pictures: Tensor) -> Outputs:
        return renamed(_named(model(pictures, **options), names), outputs)

    return infer


def _has_training(model: Any) -> bool:
    called = getattr(model, "call", None) or model.__call__
    try:
        return "training" in inspect.signature(called).parameters
    except (TypeError, ValueError):
        return False


def _named(found: Any, names: list[str] | None) -> Outputs:
    if isinstance(found, Mapping):
        return dict(found)
    parts = list(found) if isinstance(found, list | tuple) else [found]
    if names is None or len(names) != len(parts):
        names = [f"output_{number}" for number in range(len(parts))]
    return dict(zip(names, parts, strict=True))


def run_once(model: Any, spec: tf.TensorSpec, name: str) -> None:
    """Runs it on nothing but zeros, so that all its variables are there. Raises SourceError."""
    shape = [1 if size is None else size for size in spec.shape.as_list()]
    try:
        caller(model, {})(tf.zeros(shape, spec.dtype))
    except Exception as error:  # the user's code may raise anything
        raise SourceError(
            f"{name} does not take {spec.dtype.name}{shape}: {_line(error)}"
        ) from None


def variables_of(model: Any) -> list[Any]:
    """Its tf.Variables, also those that Keras has wrapped in its own."""
    return [getattr(each, "value", each) if _is_keras(each) else each for each in model.variables]


def _is_keras(variable: Any) -> bool:
    return isinstance(variable, tf.keras.Variable)


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"
