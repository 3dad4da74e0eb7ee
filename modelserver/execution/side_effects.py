"""Find the signatures that have side effects: on a variable, a table, a queue or a file.

Warm-up must not run them with synthetic inputs. A counter, for example, would not start at zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_WRITES = re.compile(
    "Assign.*"
    "|(Resource)?Scatter(Nd)?(Add|Sub|Mul|Div|Min|Max|Update)"
    "|(Resource)?(Sparse)?Apply[A-Z].*"
    "|(Resource)?(StridedSliceAssign|CountUpTo)"
    "|LookupTable(Insert|Remove|Import).*"
    "|.*Queue(En|De)queue.*"
    "|Save(V2|Slices)?|WriteFile"
)


def changing(meta_graph: Any) -> frozenset[str]:
    """Return the names of the signatures of a MetaGraphDef that change the model's state."""
    nodes = {node.name: node for node in meta_graph.graph_def.node}
    functions = _writing_functions(meta_graph.graph_def.library.function)
    return frozenset(
        name
        for name, signature in meta_graph.signature_def.items()
        if any(_writes(node, functions) for node in _needed(signature, nodes))
    )


def _needed(signature: Any, nodes: Mapping[str, Any]) -> Iterator[Any]:
    """Yield every node that a signature's outputs depend on."""
    waiting = [info.name for info in signature.outputs.values()]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop().lstrip("^").partition(":")[0]
        if name not in seen and name in nodes:
            seen.add(name)
            yield nodes[name]
            waiting.extend(nodes[name].input)


def _writes(node: Any, functions: set[str]) -> bool:
    return bool(_WRITES.fullmatch(node.op)) or any(name in functions for name in _called(node))


def _called(node: Any) -> Iterator[str]:
    """Yield the functions that a node calls, by its op or by its attributes."""
    yield node.op
    for attribute in node.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        for function in attribute.list.func:
            yield function.name


def _writing_functions(functions: Iterable[Any]) -> set[str]:
    """Return the functions that write, directly or through another function."""
    bodies = {function.signature.name: function.node_def for function in functions}
    writing: set[str] = set()
    while True:
        more = {
            name
            for name, body in bodies.items()
            if name not in writing and any(_writes(node, writing) for node in body)
        }
        if not more:
            return writing
        writing |= more
