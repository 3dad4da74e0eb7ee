"""Convert the configuration of a Keras 2 model to one that Keras 3 reads.

Only inference counts: the values of all variables come from the file, so initializers,
regularizers and constraints are dropped, and augmentation layers become identities.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from export.sources.keras2_layers import (
    OPERATIONS,
    PythonLambda,
    TensorFlowOperation,
    keras2_hard_sigmoid,
)
from export.sources.keras2_nodes import connect

Config = dict[str, Any]

_OURS = "export"
_MODELS = ("Functional", "Model", "Sequential")
_TRAINING = ("_initializer", "_regularizer", "_constraint")
_OLD_ARGUMENTS = {"batch_input_shape", "input_dtype", "ragged", "implementation", "time_major"}
_OLD_BATCH_NORMALIZATION = {"fused", "virtual_batch_size", "adjustment"}
_UNGROUPED = ("DepthwiseConv2D", "DepthwiseConv1D", "SeparableConv2D", "SeparableConv1D")
_TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")


def converted(model: Config) -> Config:
    """Return the model's configuration in the form of ``keras.saving.deserialize_keras_object``."""
    return _layer(model)


def _layer(entry: Config) -> Config:
    """Convert a layer or a model."""
    kind, config = entry["class_name"], entry["config"]
    if kind in _MODELS:
        return _model(kind, config)
    if kind == "InputLayer":
        return _input_layer(config)
    if kind in OPERATIONS:
        return _object(_OURS, TensorFlowOperation.__name__, config)
    if kind == "Lambda":
        return _object(_OURS, PythonLambda.__name__, config)
    convert = _identity if kind.startswith("Random") else _CONVERSIONS.get(kind, _same)
    return _object("keras.layers", *convert(kind, _cleaned(config)))


def _model(kind: str, config: Config | list[Config]) -> Config:
    if kind == "Sequential":
        return _object("keras", kind, _sequential(config))
    assert isinstance(config, dict)
    layers = [
        {**_layer(layer), "name": layer["name"], "inbound_nodes": layer["inbound_nodes"]}
        for layer in config["layers"]
    ]
    return _object("keras", "Model", connect({**config, "layers": layers}))


def _sequential(config: Config | list[Config]) -> Config:
    """Convert the layers, of which the first may say what the model takes."""
    fields = config if isinstance(config, dict) else {"layers": config}
    layers = [_layer(layer) for layer in fields["layers"]]
    first = fields["layers"][0]["config"] if layers else {}
    shape = first.get("batch_input_shape") if isinstance(first, dict) else None
    if shape and layers[0]["class_name"] != "InputLayer":
        layers.insert(0, _input_layer({"batch_input_shape": shape}))
    known = {name: fields[name] for name in ("name", "build_input_shape") if fields.get(name)}
    return {"name": "sequential", **known, "layers": layers}


def _object(module: str, kind: str, config: Config) -> Config:
    registered = kind if module == _OURS else None
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _cleaned(config: Config) -> Config:
    """Drop what only training needs and convert what many layers have."""
    return {
        name: _value(name, value)
        for name, value in config.items()
        if not name.endswith(_TRAINING) and name not in _OLD_ARGUMENTS
    }


def _value(name: str, value: Any) -> Any:
    if isinstance(value, dict) and value.get("type") == "ndarray":
        return value["value"]
    if name == "dtype":
        return _dtype(value)
    if name.endswith("activation"):
        return _activation(value)
    if isinstance(value, dict) and "class_name" in value and "config" in value:
        return _layer(value)  # of a wrapper, such as TimeDistributed
    return value


def _dtype(value: Any) -> Any:
    """Return the name of a dtype policy."""
    return value["config"]["name"] if isinstance(value, dict) else value


def _activation(value: Any) -> Any:
    name = value.get("config", value) if isinstance(value, dict) else value
    if isinstance(name, dict):  # a layer as an activation
        return _layer(value)
    if name != "hard_sigmoid":
        return name
    ours = keras2_hard_sigmoid.__name__
    return {"module": _OURS, "class_name": "function", "config": ours, "registered_name": ours}


def _same(kind: str, config: Config) -> tuple[str, Config]:
    return kind, config


def _input_layer(config: Config) -> Config:
    shape = config.get("batch_input_shape", config.get("batch_shape"))
    known: Config = {name: config[name] for name in ("name", "dtype") if name in config}
    return _object("keras.layers", "InputLayer", {**known, "batch_shape": shape})


def _identity(kind: str, config: Config) -> tuple[str, Config]:
    """Replace augmentation, which does nothing outside of training."""
    return "Activation", {"name": config["name"], "activation": "linear"}


def _ungrouped(kind: str, config: Config) -> tuple[str, Config]:
    """Drop ``groups``, which Keras 2 writes for every convolution and these do not have."""
    return kind, {name: value for name, value in config.items() if name != "groups"}


def _batch_normalization(kind: str, config: Config) -> tuple[str, Config]:
    axis = config.get("axis", -1)
    kept = {
        name: value
        for name, value in config.items()
        if name not in _OLD_BATCH_NORMALIZATION and not name.startswith("renorm")
    }
    return "BatchNormalization", {**kept, "axis": axis[0] if isinstance(axis, list) else axis}


def _thresholded_relu(kind: str, config: Config) -> tuple[str, Config]:
    return "ReLU", {"name": config["name"], "threshold": float(config["theta"])}


_CONVERSIONS: dict[str, Callable[[str, Config], tuple[str, Config]]] = {
    **dict.fromkeys((*_UNGROUPED, *_TRANSPOSED), _ungrouped),
    **dict.fromkeys(
        ("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2"),
        _batch_normalization,
    ),
    "ThresholdedReLU": _thresholded_relu,
}
