"""TensorFlow 2 checkpoints: values in a graph of objects, for a model that a function builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from export.errors import CheckpointError
from export.sources import builder
from export.sources.checkpoints import Checkpoint
from export.sources.fingerprint import fingerprint
from export.sources.keras2_checkpoint import LAYER, renamed
from export.sources.keras_libraries import is_layer
from export.sources.keras_preprocessing import own_scaling
from export.sources.options import SourceOptions
from export.sources.plain_paths import plain_prefix
from export.sources.source import Restoration, Source
from export.suggestions import closest, listed

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_TRAINING_STATE = {"optimizer", "opt", "step", "epoch", "save_counter", "global_step", "iterator"}
_TRAINING_STATE |= {"keras_api", ".optimizer_slot"}
_NO_MODEL = {*_TRAINING_STATE, "root"}


def open_tf2_checkpoint(options: SourceOptions, checkpoint: Checkpoint) -> Source:
    """Build the model and restore the checkpoint's values.

    Raise ``CheckpointError`` if a variable of the model has no value, or one of another shape.
    """
    made_from = fingerprint(checkpoint.name, checkpoint.files())
    model = builder.build(options)
    spec = builder.input_of(model, options)
    assert options.model is not None
    builder.run_once(model, spec, options.model)
    restoration = restore(model, checkpoint.prefix)
    infer = builder.caller(model, options.outputs)
    return Source(
        made_from=made_from,
        input=spec,
        # The user's function may branch on tensors, which AutoGraph makes part of the graph.
        infer=tf.function(infer),
        reference=infer,
        restoration=restoration,
        scaling=own_scaling(model),
        holds=tuple(builder.resources_of(model)),
    )


def restore(model: Any, prefix: Path) -> Restoration:
    """Restore the model's variables. Raise ``CheckpointError``."""
    plain = str(plain_prefix(prefix))
    try:
        reader = tf.train.load_checkpoint(plain)
        shapes = reader.get_variable_to_shape_map()
        view = tf.train.CheckpointView(plain)
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"cannot read {prefix}: {_line(error)}") from None
    if _GRAPH not in shapes:
        raise CheckpointError(
            f"{prefix} is a TensorFlow 1 checkpoint; it needs its .meta file and --outputs"
        )
    names = _names(model)
    root, matched, missing = _best_match(_roots(model, view, prefix), view, names)
    keys = sorted(key.removesuffix(_VALUE) for key in shapes if key.endswith(_VALUE))
    if missing:
        raise CheckpointError(_missing_message(prefix, missing, len(names), keys))
    try:
        tf.train.Checkpoint(root=root).read(plain).expect_partial()
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"{prefix} does not fit the model: {_line(error)}") from None
    return Restoration(len(names), unused=_unused(reader.get_tensor(_GRAPH), matched, keys))


def _roots(model: Any, view: Any, prefix: Path) -> Iterator[Any]:
    """Yield what can be the root of the checkpoint's graph: the model, or what contains it.

    The model comes as it is, then with its variables under the names of the other Keras.
    """
    name = _place(model, view, prefix)
    node = 0 if name is None else view.children(0)[name]
    for form in (model, renamed(model, view, node)):
        yield form if name is None else tf.train.Checkpoint(**{name: form})


def _best_match(
    roots: Iterator[Any], view: Any, names: Mapping[str, Any]
) -> tuple[Any, dict[int, Any], list[str]]:
    """Return the first root that has all variables, or else the last; and what it lacks."""
    for root in roots:
        matched = view.match(root)
        held = {id(value) for value in matched.values()}
        missing = sorted(name for name, variable in names.items() if id(variable) not in held)
        if not missing:
            break
    return root, matched, missing


def _place(model: Any, view: Any, prefix: Path) -> str | None:
    """Return under which name the checkpoint has the model, or None if it is the root."""
    names = [name for name in view.children(0) if name.lower() not in _NO_MODEL]
    own = tf.train.TrackableView(model).children(model)
    if any(name in own or LAYER.fullmatch(name) for name in names):
        return None
    likely = [name for name in names if "model" in name or "net" in name]
    for name in ("model", *(names if len(names) == 1 else ()), *likely):
        if name in names:
            return name
    if any(hasattr(model, name) for name in names):  # lists, which only Keras 2 tracks
        return None
    raise CheckpointError(f"{prefix} contains no model; it contains {listed(names)}")


def _names(model: Any) -> dict[str, Any]:
    """Return the variables that a checkpoint stores, under readable names."""
    named: dict[str, Any] = {}
    # A Keras model's weights exclude the state of dropout's random number generators, which
    # checkpoints do not contain.
    stored = model.weights if is_layer(model) else model.variables
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
    return tuple(key for key in rest if _TRAINING_STATE.isdisjoint(key.lower().split("/")))


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
