"""Packages of the model server depend on each other in one direction."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "modelserver"


def room(module: str) -> str:
    """Return the first two parts of a module's name, such as ``modelserver.codec``."""
    return ".".join(module.split(".")[:2])


def imported(path: Path) -> set[str]:
    """Return the rooms that a file imports from."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "modelserver":
                names = [f"modelserver.{alias.name}" for alias in node.names]
            rooms.update(room(name) for name in names if name.startswith("modelserver."))
    return rooms


def test_no_two_rooms_import_each_other() -> None:
    graph: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        own = room(".".join(parts))
        graph.setdefault(own, set()).update(imported(path) - {own})
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert order.index("modelserver.codec") < order.index("modelserver.service")
