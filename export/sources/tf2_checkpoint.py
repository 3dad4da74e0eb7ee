"""TensorFlow 2 checkpoints: values by their place in a graph of objects, for a model that a
function builds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from export.errors import CheckpointError
from export.sources import builder
from export.sources.checkpoints import Checkpoint
from export.sources.fingerprint import origin
from export.sources.names import listed, nearest
from export.sources.options import Wish
from export.sources.source import Restoration, Source

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_OF_TRAINING = {"optimizer", "opt", "step", "epoch", "save_counter", "global_step", "iterator"}


def open_object_graph(wish: Wish, prefix: Path) -> Source:
    """The built model with the checkpoint's values.

    Raises CheckpointError if a variable of the model has no value there, or one of another shape.
    """
    model = builder.build(wish)
    spec = builder.input_of(model, wish)
    assert wish.model is not None
    builder.run_once(model, spec, wish.model)
    restoration = restore(model, prefix)
    infer = builder.caller(model, wish.outputs)
    found = Checkpoint(prefix)
    return Source(
        origin=origin(found.name, found.files()),
        input=spec,
        infer=infer,
        reference=infer,
        restoration=restoration,
        holds=tuple(builder.variables_of(model)),
    )


def restore(model: Any, prefix: Path) -> Restoration:
    """Gives the model's variables their values. Raises CheckpointError."""
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
    names = _paths(model)
    missing = sorted(name for name, variable in names.items() if id(variable) not in held)
    keys = sorted(key.removesuffix(_VALUE) for key in shapes if key.endswith(_VALUE))
    if missing:
        raise CheckpointError(_complaint(prefix, missing, len(names), keys))
    try:
        tf.train.Checkpoint(root=root).read(str(prefix)).expect_partial()
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"{prefix} does not fit the model: {_line(error)}") from None
    return Restoration(len(names), unused=_unused(reader.get_tensor(_GRAPH), matched, keys))


def _root(model: Any, view: Any, prefix: Path) -> Any:
    """What the checkpoint's graph begins with: the model, or an object that has it under a name."""
    names = [name for name in view.children(0) if name.lower() not in _OF_TRAINING]
    own = tf.train.TrackableView(model).children(model)
    if set(names) & set(own):
        return model
    for name in ("model", *(names if len(names) == 1 else ())):
        if name in names:
            return tf.train.Checkpoint(**{name: model})
    for name in names:
        if "model" in name or "net" in name:
            return tf.train.Checkpoint(**{name: model})
    raise CheckpointError(f"{prefix} holds no model; it has {listed(names)}")


def _paths(model: Any) -> dict[str, Any]:
    """Each variable of the model as the checkpoint would know it, under a name for people."""
    named: dict[str, Any] = {}
    # A Keras model's weights are its variables but for the state of dropout's random numbers,
    # which checkpoints do not have.
    kept = model.weights if isinstance(model, tf.keras.layers.Layer) else model.variables
    for number, variable in enumerate(kept):
        name = getattr(variable, "path", None) or variable.name.partition(":")[0]
        named[name if name not in named else f"{name} #{number}"] = variable
    return named


def _complaint(prefix: Path, missing: list[str], count: int, keys: list[str]) -> str:
    near = nearest(missing[0], keys) if len(missing) < count else f"; it has {listed(keys)}"
    return (
        f"{prefix} does not fit the model: {len(missing)} of its {count} variables are not in it: "
        f"{listed(missing)}{near}"
    )


def _unused(graph: bytes, matched: dict[int, Any], keys: list[str]) -> tuple[str, ...]:
    """Values that are no variable's of the model, those of training left out."""
    nodes = trackable_object_graph_pb2.TrackableObjectGraph.FromString(graph).nodes
    used = {
        attribute.checkpoint_key.removesuffix(_VALUE)
        for number in matched
        for attribute in nodes[number].attributes
    }
    rest = [key for key in keys if key not in used]
    return tuple(key for key in rest if key.partition("/")[0].lower() not in _OF_TRAINING)


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
