"""Match a model with a checkpoint whose objects have other names, as Keras 2 and 3 name them.

A checkpoint is a graph of objects with named children. Keras 2 calls the layers of a model
``layer_with_weights-N``, and a kernel ``kernel``; Keras 3 has ``_operations``, ``_functional`` and
``_kernel``. The lists of a subclassed model are children only for Keras 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from export.sources.keras_libraries import is_layer

LAYER = re.compile(r"layer_with_weights-(\d+)")
_OTHER_NAMES = {"depthwise_kernel": "kernel"}
_SKIPPED = re.compile(r"layer-\d+|root|keras_api|optimizer|loss")


def renamed(model: Any, view: Any, node: int) -> Any:
    """Return an object with the model's variables under the names that the checkpoint has.

    ``view``: the checkpoint. ``node``: the number of the model in it. Variables that the
    checkpoint does not have are left out.
    """
    return _renamed(model, view, node, set()) or tf.train.Checkpoint()


def _renamed(owner: Any, view: Any, node: int, seen: set[int]) -> Any:
    if node in seen:  # layers lead back to the layers that contain them
        return None
    seen.add(node)
    children: dict[str, Any] = {}
    for name, child in view.children(node).items():
        part = None if _SKIPPED.fullmatch(name) else _part(owner, name)
        if _is_variable(part):
            children[name] = part
        elif part is not None:
            children[name] = _renamed(part, view, child, seen)
    found = {name: child for name, child in children.items() if child is not None}
    return tf.train.Checkpoint(**found) if found else None


def _part(owner: Any, name: str) -> Any:
    """Return what the owner has under a name of the checkpoint, or None."""
    layer = LAYER.fullmatch(name)
    if layer is not None:
        return dict(enumerate(_layers_with_weights(owner))).get(int(layer[1]))
    if isinstance(owner, list | tuple):
        return owner[int(name)] if name.isdecimal() and int(name) < len(owner) else None
    if isinstance(owner, dict):
        return owner.get(name)
    names = (name, f"_{name}", name.removeprefix("_"), _OTHER_NAMES.get(name, name))
    parts = (getattr(owner, other, None) for other in names)
    return next((part for part in parts if _leads_to_variables(part)), None)


def _layers_with_weights(model: Any) -> Iterator[Any]:
    return (layer for layer in getattr(model, "layers", ()) if layer.weights)


def _leads_to_variables(part: Any) -> bool:
    return _is_variable(part) or is_layer(part) or isinstance(part, tf.Module | list | tuple | dict)


def _is_variable(part: Any) -> bool:
    """Return whether this is a variable of TensorFlow or of either Keras."""
    return isinstance(part, tf.Variable) or isinstance(getattr(part, "value", None), tf.Variable)
