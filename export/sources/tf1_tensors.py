"""Select the tensors of a TensorFlow 1 graph that images go into and that are served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from export.contract import Tensor
from export.errors import SourceError
from export.sources.options import SourceOptions
from export.sources.subgraph import extract, node_of
from export.sources.tf1_candidates import dependents, likely_images, likely_outputs
from export.sources.tf1_graph import Feeds, fed_tensor
from export.suggestions import closest, listed

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
_CONSTANTS = ("Const", *_VARIABLES)


@dataclass(frozen=True)
class Selection:
    """The part of a graph to export.

    ``image``: the tensor that images go into. ``feeds``: other inputs and their constants.
    ``outputs``: the tensors to serve, by their new names. ``needed``: the nodes that they need.
    """

    image: Tensor
    feeds: Feeds
    outputs: Mapping[str, Tensor]
    needed: Mapping[str, Any]


def select(graph: Any, definition: Any, outputs: Mapping[str, str], options: Any) -> Selection:
    """Look up what the options name. Raise ``SourceError`` if it is ambiguous or missing.

    ``definition``: the ``GraphDef`` of ``graph``. ``outputs``: names of tensors by their new names.
    """
    served = {alias: tensor(graph, name) for alias, name in outputs.items()}
    feeds = [fed_tensor(tensor(graph, name), value) for name, value in options.feeds.items()]
    named = [tensor(graph, name) for name in options.inputs.values()]
    needed = _needed(definition, served, named, feeds)
    _check_python(needed)
    return Selection(_image(graph, options, needed), feeds, served, needed)


def tensor(graph: Any, name: str) -> Tensor:
    """Return a tensor by name; ``:0`` may be omitted. Raise ``SourceError`` with the closest."""
    try:
        return graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
    except (KeyError, ValueError):
        known = [out.name for op in graph.get_operations() for out in op.outputs]
        raise SourceError(
            f"there is no tensor {name!r} in the graph{closest(name, known)}"
        ) from None


def outputs_missing(graph: Any) -> SourceError:
    """Return the error for a graph whose outputs must be named, with the most likely ones."""
    tensors = likely_outputs(graph)
    hint = f"; most likely first: {listed(tensors)}" if tensors else ""
    return SourceError(f"name the tensors to serve with --outputs NAME=TENSOR,...{hint}")


def _check_python(needed: Mapping[str, Any]) -> None:
    calls = [name for name, node in needed.items() if "PyFunc" in node.op]
    if calls:
        raise SourceError(
            f"the outputs need {listed(calls)}, which called Python functions (tf.py_func) that no "
            "file has; name tensors before them with --outputs, or behind them with --inputs"
        )


def _needed(
    definition: Any, outputs: Mapping[str, Tensor], images: list[Tensor], feeds: Feeds
) -> dict[str, Any]:
    """Return the nodes that the outputs need, by name, except those behind fed tensors."""
    fed = {tensor.name: tensor.dtype for tensor in (*images, *(tensor for tensor, _ in feeds))}
    ends = {tensor.op.name for tensor in outputs.values()}
    part, placeholders = extract(definition, ends, fed)
    return {node.name: node for node in part.node if node.name not in placeholders.values()}


def _image(graph: Any, options: SourceOptions, needed: Mapping[str, Any]) -> Tensor:
    """Return the tensor that images go into: the one named, or the placeholder that fits."""
    placeholders = [
        one.outputs[0].name
        for one in graph.get_operations()
        if one.name in needed and one.type in _PLACEHOLDERS and not _names_an_iterator(one)
    ]
    required = [one for one in placeholders if needed[node_of(one)].op != "PlaceholderWithDefault"]
    if len(options.inputs) > 1:
        raise SourceError(f"--inputs names {len(options.inputs)} inputs; images go to only one")
    if options.inputs:
        image = tensor(graph, next(iter(options.inputs.values())))
    else:
        image = _only_image([graph.get_tensor_by_name(name) for name in placeholders], required)
    if image is None:
        raise SourceError(_which_image(graph, placeholders, needed))
    others = [name for name in required if name != image.name]
    if others:
        raise SourceError(
            f"images go to {image.name}, but the outputs also need {listed(others)}; give each a "
            "constant with --feed TENSOR=VALUE"
        )
    return image


def _names_an_iterator(placeholder: Any) -> bool:
    """Return whether this is the handle by which training and evaluation switch their input."""
    users = {one.type for one in placeholder.outputs[0].consumers()}
    return bool(users) and all(user.startswith("IteratorFromStringHandle") for user in users)


def _only_image(placeholders: list[Tensor], required: list[str]) -> Tensor | None:
    """Return the only placeholder, the only one without a default, or the only image."""
    for fitting in (
        placeholders,
        [one for one in placeholders if one.name in required],
        [one for one in likely_images(placeholders) if one.shape.rank is not None],
    ):
        if len(fitting) == 1:
            return fitting[0]
    return None


def _which_image(graph: Any, placeholders: list[str], needed: Mapping[str, Any]) -> str:
    if placeholders:
        return (
            f"the outputs need {len(placeholders)} inputs: {listed(placeholders)}; name the one "
            "for images with --inputs TENSOR, and give each of the others a constant with --feed "
            "TENSOR=VALUE"
        )
    images = image_like(graph, needed)
    hint = f"; tensors that could be images: {listed(images)}" if images else ""
    return f"the outputs need no placeholder; name the tensor for images with --inputs TENSOR{hint}"


def image_like(graph: Any, needed: Mapping[str, Any]) -> list[str]:
    """Return the tensors ``[N, H, W, 1 or 3]`` that the outputs need, in order of the graph.

    What layers have computed counts only if there is nothing else.
    """
    variables = [one for one in graph.get_operations() if one.type in _VARIABLES]
    computed = dependents([out for one in variables for out in one.outputs])
    found = [
        out
        for operation in graph.get_operations()
        if operation.name in needed and operation.type not in _CONSTANTS
        for out in operation.outputs
        if out.shape.rank == 4 and out.shape[-1] in (1, 3) and operation.inputs
    ]
    return [out.name for out in found if out.op not in computed] or [out.name for out in found]
