"""Restore the variables of a TensorFlow 1 graph from a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import variable_pb2

from export.errors import CheckpointError
from export.sources.options import SourceOptions
from export.sources.plain_paths import plain_prefix
from export.sources.source import Restoration
from export.suggestions import closest, listed

v1 = tf.compat.v1

_AVERAGE = "ExponentialMovingAverage"


def restore(
    session: Any, needed: Mapping[str, Any], prefix: Path, options: SourceOptions
) -> Restoration:
    """Restore the variables among the ``needed`` nodes.

    Variables that ``options.variables`` excludes get their initial values. Raise
    ``CheckpointError`` that names variables without a value in the checkpoint, or with a value of
    another shape.
    """
    shapes = _shapes(prefix)
    variables = [variable for variable in _variables() if variable.op.name in needed]
    pattern = options.variables or ""
    chosen = [variable for variable in variables if re.search(pattern, variable.op.name)]
    values: dict[str, list[Any]] = {}
    for variable in chosen:  # the parts of a partitioned variable share a name
        values.setdefault(_key(variable, shapes, options.moving_average), []).append(variable)
    _check_names(prefix, values, shapes, len(chosen))
    _check_shapes(prefix, values, shapes)
    initialized = [variable for variable in variables if variable not in chosen]
    try:
        session.run([variable.initializer for variable in initialized])
        if values:
            saver = v1.train.Saver({name: _saveable(parts) for name, parts in values.items()})
            saver.restore(session, str(plain_prefix(prefix)))
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise CheckpointError(
            f"cannot restore {prefix}, whose files are damaged or cut off; copy them again: "
            f"{_reason(error)}"
        ) from None
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"cannot restore {prefix}: {_reason(error)}") from None
    unused = tuple(sorted(set(shapes) - set(values)))
    return Restoration(len(chosen), tuple(one.op.name for one in initialized), unused)


def _saveable(parts: list[Any]) -> Any:
    """Return what a ``Saver`` accepts: the variable, or the parts of a partitioned one."""
    return parts if parts[0]._get_save_slice_info() is not None else parts[0]


def drop_dangling(meta: Any, nodes: set[str]) -> None:
    """Remove entries of a meta graph's collections that refer to nodes which are not there."""
    for name, collection in list(meta.collection_def.items()):
        kind = collection.WhichOneof("kind")
        if kind == "bytes_list":
            values = collection.bytes_list.value
            complete = [encoded for encoded in values if _is_complete(encoded, nodes)]
            del values[:]
            values.extend(complete)
        elif kind == "node_list":
            values = collection.node_list.value
            present = [node for node in values if _node(node) in nodes]
            del values[:]
            values.extend(present)
        else:
            del meta.collection_def[name]
    meta.ClearField("saver_def")


def _is_complete(encoded: bytes, nodes: set[str]) -> bool:
    variable = variable_pb2.VariableDef.FromString(encoded)
    names = (variable.variable_name, variable.initializer_name, variable.snapshot_name)
    return all(_node(name) in nodes for name in names)


def _node(name: str) -> str:
    return name.partition(":")[0]


def _shapes(prefix: Path) -> dict[str, list[int]]:
    try:
        return dict(tf.train.load_checkpoint(str(plain_prefix(prefix))).get_variable_to_shape_map())
    except (ValueError, tf.errors.OpError) as error:
        raise CheckpointError(f"cannot read {prefix}: {str(error).splitlines()[0]}") from None


def _variables() -> list[Any]:
    """Return every variable in the graph's collections once."""
    variables = [*v1.global_variables(), *v1.local_variables(), *v1.model_variables()]
    return list({variable.op.name: variable for variable in variables}.values())


def _key(variable: Any, shapes: Mapping[str, Any], moving_average: bool) -> str:
    """Return the name of the variable's value in the checkpoint."""
    part = variable._get_save_slice_info()  # there is no public way to recognize a partition
    name = variable.op.name if part is None else part.full_name
    average = f"{name}/{_AVERAGE}"
    return average if moving_average and average in shapes else name


def _check_names(
    prefix: Path, values: Mapping[str, list[Any]], shapes: Mapping[str, Any], count: int
) -> None:
    missing = [name for name in values if name not in shapes]
    if missing:
        has_averages = all(f"{name}/{_AVERAGE}" in shapes for name in missing)
        hint = "; it has their averages: add --moving-average" if has_averages else None
        raise CheckpointError(
            f"{prefix} does not fit its graph: {len(missing)} of {count} variables are missing: "
            f"{listed(missing)}{hint or closest(missing[0], shapes)}"
        )


def _check_shapes(prefix: Path, values: Mapping[str, list[Any]], shapes: Mapping[str, Any]) -> None:
    wrong = [
        f"{name} {list(shapes[name])} instead of {variable.shape.as_list()}"
        for name, [variable, *_] in values.items()
        if variable._get_save_slice_info() is None
        and not variable.shape.is_compatible_with(shapes[name])
    ]
    if wrong:
        raise CheckpointError(f"{prefix} does not fit its graph: it has {listed(wrong)}")


def _reason(error: Exception) -> str:
    """Return the cause; a session's message first lists the code that created the node."""
    message = str(error)
    reason = re.search(r"^Node: '.*'\n(.+)", message, re.MULTILINE)
    return reason[1] if reason else " ".join(message.split())[:300]
