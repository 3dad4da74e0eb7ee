"""Correct configurations that Keras 3 wrote and cannot read again."""

from __future__ import annotations

from importlib import import_module
from typing import Any

Config = dict[str, Any]

_OPERATIONS = ("numpy", "nn", "core", "math", "image", "linalg")
"""The modules of ``keras.src.ops`` that define operations, the most frequent first."""


def corrected(value: Any) -> Any:
    """Return the configuration of a model, or of a part of it, so that Keras can read it."""
    if isinstance(value, list):
        return [corrected(item) for item in value]
    if not isinstance(value, dict):
        return value
    entry = {name: corrected(item) for name, item in value.items()}
    if isinstance(entry.get("config"), dict):
        entry["config"] = _with_bare_output(entry["config"])
        if _is_operation(entry):
            return _operation(entry)
    return entry


def _with_bare_output(config: Config) -> Config:
    """Let a model with one output return it as a tensor.

    Before version 3.11, Keras wrote a single output as a list of one. Read again, a model inside
    another one returns that list, which most layers do not take.
    """
    outputs = config.get("output_layers")
    if isinstance(outputs, list) and len(outputs) == 1 and isinstance(outputs[0], list):
        return {**config, "output_layers": outputs[0]}
    return config


def _is_operation(entry: Config) -> bool:
    """Return whether an entry is an operation such as ``x / 255`` in an HDF5 file.

    Those have no ``module``, so Keras takes them for layers, some of which have the same names.
    Layers, unlike operations, say whether they can be trained.
    """
    config = entry["config"]
    is_node = "inbound_nodes" in entry and "module" not in entry
    return is_node and entry.get("class_name") != "InputLayer" and "trainable" not in config


def _operation(entry: Config) -> Config:
    kind = entry["class_name"]
    for name in _OPERATIONS:
        module = f"keras.src.ops.{name}"
        if hasattr(import_module(module), kind):
            return {**entry, "module": module, "registered_name": kind}
    return entry
