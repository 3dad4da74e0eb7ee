"""Build a model with a user's function: ``package.module:function``."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.errors import SourceError
from export.sources.keras_errors import reason
from export.sources.names import select_outputs
from export.sources.options import SourceOptions
from export.sources.results import by_name
from export.suggestions import listed

_Table = tf.saved_model.experimental.TrackableResource


def build(options: SourceOptions) -> Any:
    """Return the function's result: a Keras model, or any callable that takes images.

    Raise ``SourceError`` if there is no such function or it fails.
    """
    assert options.model is not None
    function = _find(options.model)
    try:
        model = function(**options.model_args)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        raise SourceError(f"{options.model} failed: {_line(error)}{_arguments(error)}") from None
    if model is None:
        raise SourceError(f"{options.model} returned nothing; let it return the model")
    if not callable(model):
        raise SourceError(f"{options.model} returned {type(model).__name__}, which is not callable")
    return model


def _arguments(error: BaseException) -> str:
    """Return the end of an error message about the function's arguments."""
    is_call = isinstance(error, TypeError) and re.search("required|unexpected", str(error))
    return "; --model-args has its arguments, as JSON" if is_call else ""


def _find(name: str) -> Callable[..., Any]:
    module_name, colon, function_name = name.partition(":")
    if not colon or not module_name or not function_name:
        raise SourceError(f"--model must be package.module:function, not {name!r}")
    if module_name.endswith(".py") or "/" in module_name:
        raise SourceError(
            f"--model names a module, not a file: {_module(module_name)}:{function_name}, in the "
            "directory from which Python imports it"
        )
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # importing runs the user's code
        raise SourceError(f"cannot import {module_name}: {_line(error)}") from None
    function: Callable[..., Any] | None = getattr(module, function_name, None)
    if not callable(function):
        functions = [known for known, value in vars(module).items() if inspect.isfunction(value)]
        names = [known for known in functions if known[0] != "_"]
        hint = f"; it has {listed(names)}" if names else ""
        raise SourceError(f"{module_name} has no function {function_name}{hint}")
    return function


def _module(path: str) -> str:
    """Return the name by which Python would import a file from the current directory."""
    return ".".join(part for part in Path(path).with_suffix("").parts if part not in ("/", ".."))


def input_of(model: Any, options: SourceOptions) -> tf.TensorSpec:
    """Return the model's input as Keras declares it, otherwise float32 of ``--size``."""
    inputs = getattr(model, "inputs", None)
    if inputs and len(inputs) > 1:
        names = listed([one.name for one in inputs])
        raise SourceError(
            f"the model has {len(inputs)} inputs: {names}; only images can be served: build a "
            "model that takes nothing else, and pass its function with --model, or save it with "
            "model.export and give the others constants with --feed NAME=VALUE"
        )
    if inputs:
        return tf.TensorSpec(inputs[0].shape, inputs[0].dtype)
    if options.size is None:
        raise SourceError("the model does not declare the size of its images; add --size WxH")
    width, height = options.size
    return tf.TensorSpec([options.batch, height, width, 3], tf.float32)


def caller(model: Any, outputs: Mapping[str, str]) -> Callable[[Tensor], Outputs]:
    """Return the model as a function that returns outputs by name, in inference mode.

    ``outputs``: names of the requested outputs, by their new names; empty for all.
    """
    arguments = {"training": False} if _has_training(model) else {}
    names = getattr(model, "output_names", None)

    def infer(images: Tensor) -> Outputs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a tensor for an input that has a name
            result = model(images, **arguments)
        return select_outputs(by_name(result, names), outputs)

    return infer


def _has_training(model: Any) -> bool:
    function = getattr(model, "call", None) or model.__call__
    try:
        return "training" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def run_once(model: Any, spec: tf.TensorSpec, name: str) -> None:
    """Run the model on zeros, so that it creates all its variables. Raise ``SourceError``."""
    shape = [1 if size is None else size for size in spec.shape.as_list()]
    try:
        caller(model, {})(tf.zeros(shape, spec.dtype))
    except Exception as error:  # the user's code may raise anything
        raise SourceError(
            f"the model of {name} does not accept {spec.dtype.name}{shape}: {_line(error)}"
        ) from None


def resources_of(model: Any) -> list[Any]:
    """Return the model's ``tf.Variable`` objects and lookup tables.

    Those of Keras 3 and of policies are unwrapped.
    """
    tables = [getattr(layer, "lookup_table", None) for layer in _layers(model)]
    found = [one for one in tables if isinstance(one, _Table)]
    return [*(_unwrapped(variable) for variable in model.variables), *found]


def _layers(model: Any) -> Iterator[Any]:
    for layer in getattr(model, "layers", ()):
        yield layer
        yield from _layers(layer)


def _unwrapped(variable: Any) -> Any:
    if not isinstance(variable, tf.Variable):
        return variable.value
    return getattr(variable, "_variable", variable)


def _line(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "it ends the program; move what is not a definition below: if __name__ == ..."
    return f"{type(error).__name__}: {reason(error)}"
