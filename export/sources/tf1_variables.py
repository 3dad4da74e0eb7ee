"""The variables of a TensorFlow 1 graph and their values in a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import variable_pb2

from export.errors import CheckpointError
from export.sources.names import listed, nearest
from export.sources.options import Wish
from export.sources.source import Restoration

v1 = tf.compat.v1

_AVERAGE = "ExponentialMovingAverage"


def restore(session: Any, needed: Mapping[str, Any], prefix: Path, wish: Wish) -> Restoration:
    """Restores the variables among the `needed` nodes, and no others.

    Those that `wish.variables` leaves out begin as they do before training. Raises
    CheckpointError that names the variables with no value in the checkpoint, or with one of
    another shape.
    """
    shapes = _shapes(prefix)
    variables = [each for each in _variables() if each.op.name in needed]
    chosen = [each for each in variables if re.search(wish.variables or "", each.op.name)]
    values: dict[str, list[Any]] = {}
    for each in chosen:  # the parts of a divided variable have one name
        values.setdefault(_key(each, shapes, wish.moving_average), []).append(each)
    _check_names(prefix, values, shapes, len(chosen))
    _check_shapes(prefix, values, shapes)
    left = [each for each in variables if each not in chosen]
    try:
        session.run([each.initializer for each in left])
        if values:
            saver = v1.train.Saver({name: _whole(parts) for name, parts in values.items()})
            saver.restore(session, str(prefix))
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"cannot restore {prefix}: {_reason(error)}") from None
    unused = tuple(sorted(set(shapes) - set(values)))
    return Restoration(len(chosen), tuple(each.op.name for each in left), unused)


def _whole(parts: list[Any]) -> Any:
    """What a Saver takes for a variable: its parts, if it is divided."""
    return parts if parts[0]._get_save_slice_info() is not None else parts[0]


def keep_whole(meta: Any, nodes: set[str]) -> None:
    """Takes out of a meta graph the collections that name nodes which are not there."""
    for name, collection in list(meta.collection_def.items()):
        kind = collection.WhichOneof("kind")
        if kind == "bytes_list":
            values = collection.bytes_list.value
            whole = [each for each in values if _is_whole(each, nodes)]
            del values[:]
            values.extend(whole)
        elif kind == "node_list":
            values = collection.node_list.value
            there = [each for each in values if _node(each) in nodes]
            del values[:]
            values.extend(there)
        else:
            del meta.collection_def[name]
    meta.ClearField("saver_def")


def _is_whole(encoded: bytes, nodes: set[str]) -> bool:
    variable = variable_pb2.VariableDef.FromString(encoded)
    names = (variable.variable_name, variable.initializer_name, variable.snapshot_name)
    return all(_node(name) in nodes for name in names)


def _node(name: str) -> str:
    return name.partition(":")[0]


def _shapes(prefix: Path) -> dict[str, list[int]]:
    try:
        return dict(tf.train.load_checkpoint(str(prefix)).get_variable_to_shape_map())
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"cannot read {prefix}: {str(error).splitlines()[0]}") from None


def _variables() -> list[Any]:
    """Every variable that the graph's collections tell of, once."""
    found = [*v1.global_variables(), *v1.local_variables(), *v1.model_variables()]
    return list({each.op.name: each for each in found}.values())


def _key(variable: Any, shapes: Mapping[str, Any], moving_average: bool) -> str:
    """The name of its value in the checkpoint."""
    part = variable._get_save_slice_info()  # there is no public way to tell a part of a variable
    name = variable.op.name if part is None else part.full_name
    average = f"{name}/{_AVERAGE}"
    return average if moving_average and average in shapes else name


def _check_names(
    prefix: Path, values: Mapping[str, list[Any]], shapes: Mapping[str, Any], count: int
) -> None:
    missing = [name for name in values if name not in shapes]
    if missing:
        raise CheckpointError(
            f"{prefix} does not fit its graph: {len(missing)} of {count} variables are not in it: "
            f"{listed(missing)}{nearest(missing[0], shapes)}"
        )


def _check_shapes(prefix: Path, values: Mapping[str, list[Any]], shapes: Mapping[str, Any]) -> None:
    wrong = [
        f"{name} {list(shapes[name])}, not {variable.shape.as_list()}"
        for name, [variable, *_] in values.items()
        if variable._get_save_slice_info() is None
        and not variable.shape.is_compatible_with(shapes[name])
    ]
    if wrong:
        raise CheckpointError(f"{prefix} does not fit its graph: it has {listed(wrong)}")


def _reason(error: Exception) -> str:
    """A session says where in whose code a node was made before it says what is wrong with it."""
    said = str(error)
    reason = re.search(r"^Node: '.*'\n(.+)", said, re.MULTILINE)
    return reason[1] if reason else " ".join(said.split())[:300]
