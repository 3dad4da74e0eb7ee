"""TensorFlow 2 checkpoints: values in a graph of objects, for a model that a function builds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from export.errors import CheckpointError
from export.sources import builder
from export.sources.checkpoints import Checkpoint
from export.sources.fingerprint import fingerprint
from export.sources.keras_preprocessing import own_scaling
from export.sources.options import SourceOptions
from export.sources.source import Restoration, Source
from export.suggestions import closest, listed

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_TRAINING_STATE = {"optimizer", "opt", "step", "epoch", "save_counter", "global_step", "iterator"}


def open_tf2_checkpoint(options: SourceOptions, checkpoint: Checkpoint) -> Source:
    """Build the model and restore the checkpoint's values.

    Raise ``CheckpointError`` if a variable of the model has no value, or one of another shape.
    """
    model = builder.build(options)
    spec = builder.input_of(model, options)
    assert options.model is not None
    builder.run_once(model, spec, options.model)
    restoration = restore(model, checkpoint.prefix)
    infer = builder.caller(model, options.outputs)
    return Source(
        made_from=fingerprint(checkpoint.name, checkpoint.files()),
        input=spec,
        infer=infer,
        reference=infer,
        restoration=restoration,
        scaling=own_scaling(model),
        holds=tuple(builder.variables_of(model)),
    )


def restore(model: Any, prefix: Path) -> Restoration:
    """Restore the model's variables. Raise ``CheckpointError``."""
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        shapes = reader.get_variable_to_shape_map()
        view = tf.train.CheckpointView(str(prefix))
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"cannot read {prefix}: {_line(error)}") from None
    if _GRAPH not in shapes:
        raise CheckpointError(
            f"{prefix} is a TensorFlow 1 checkpoint; it needs its .meta file and --outputs"
        )
    root = _root(model, view, prefix)
    matched = view.match(root)
    held = {id(value) for value in matched.values()}
    names = _names(model)
    missing = sorted(name for name, variable in names.items() if id(variable) not in held)
    keys = sorted(key.removesuffix(_VALUE) for key in shapes if key.endswith(_VALUE))
    if missing:
        raise CheckpointError(_missing_message(prefix, missing, len(names), keys))
    try:
        tf.train.Checkpoint(root=root).read(str(prefix)).expect_partial()
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"{prefix} does not fit the model: {_line(error)}") from None
    return Restoration(len(names), unused=_unused(reader.get_tensor(_GRAPH), matched, keys))


def _root(model: Any, view: Any, prefix: Path) -> Any:
    """Return the root of the checkpoint's graph: the model, or an object that contains it."""
    names = [name for name in view.children(0) if name.lower() not in _TRAINING_STATE]
    own = tf.train.TrackableView(model).children(model)
    if set(names) & set(own):
        return model
    for name in ("model", *(names if len(names) == 1 else ())):
        if name in names:
            return tf.train.Checkpoint(**{name: model})
    for name in names:
        if "model" in name or "net" in name:
            return tf.train.Checkpoint(**{name: model})
    raise CheckpointError(f"{prefix} contains no model; it contains {listed(names)}")


def _names(model: Any) -> dict[str, Any]:
    """Return the variables that a checkpoint stores, under readable names."""
    named: dict[str, Any] = {}
    # A Keras model's weights exclude the state of dropout's random number generators, which
    # checkpoints do not contain.
    stored = model.weights if isinstance(model, tf.keras.layers.Layer) else model.variables
    for number, variable in enumerate(stored):
        name = getattr(variable, "path", None) or variable.name.partition(":")[0]
        named[name if name not in named else f"{name} #{number}"] = variable
    return named


def _missing_message(prefix: Path, missing: list[str], count: int, keys: list[str]) -> str:
    hint = closest(missing[0], keys) if len(missing) < count else f"; it has {listed(keys)}"
    return (
        f"{prefix} does not fit the model: {len(missing)} of its {count} variables are missing: "
        f"{listed(missing)}{hint}"
    )


def _unused(graph: bytes, matched: dict[int, Any], keys: list[str]) -> tuple[str, ...]:
    """Return the values that no variable uses, except for training state."""
    nodes = trackable_object_graph_pb2.TrackableObjectGraph.FromString(graph).nodes
    used = {
        attribute.checkpoint_key.removesuffix(_VALUE)
        for number in matched
        for attribute in nodes[number].attributes
    }
    rest = [key for key in keys if key not in used]
    return tuple(key for key in rest if key.partition("/")[0].lower() not in _TRAINING_STATE)


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
