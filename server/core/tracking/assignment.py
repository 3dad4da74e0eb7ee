"""The assignment of least cost, for the few boxes and tracks between which it is unclear."""

from __future__ import annotations

from collections.abc import Sequence

_INFINITY = float("inf")


def assign(costs: Sequence[Sequence[float]]) -> list[int]:
    """Return the column of each row so that the sum of the costs is least.

    ``costs`` has at least as many columns as rows. This is the Hungarian algorithm with
    potentials: rows enter one by one, each by the cheapest path that makes room for it.
    """
    rows, columns = len(costs), len(costs[0])
    row_potential, column_potential = [0.0] * (rows + 1), [0.0] * (columns + 1)
    holder = [rows] * columns  # of each column; ``rows``: none
    for row in range(rows):
        path = _cheapest_path(costs, row, holder, row_potential, column_potential)
        for column, previous in path:
            holder[column] = holder[previous] if previous >= 0 else row
    result = [0] * rows
    for column, row in enumerate(holder):
        if row < rows:
            result[row] = column
    return result


def _cheapest_path(
    costs: Sequence[Sequence[float]],
    row: int,
    holder: list[int],
    row_potential: list[float],
    column_potential: list[float],
) -> list[tuple[int, int]]:
    """Return the steps from a free column back to ``row``, and update the potentials."""
    rows, columns = len(costs), len(costs[0])
    least, previous = [_INFINITY] * columns, [-1] * columns
    visited: list[int] = []
    open_columns = set(range(columns))
    current, column = row, -1
    while current < rows:
        base = costs[current]
        for other in open_columns:
            cost = base[other] - row_potential[current] - column_potential[other]
            if cost < least[other]:
                least[other], previous[other] = cost, column
        nearest = min(open_columns, key=lambda other: (least[other], other))
        step = least[nearest]
        row_potential[row] += step
        for seen in visited:
            row_potential[holder[seen]] += step
            column_potential[seen] -= step
        for other in open_columns:
            least[other] -= step
        open_columns.remove(nearest)
        visited.append(nearest)
        column, current = nearest, holder[nearest]
    steps = []
    while column >= 0:
        steps.append((column, previous[column]))
        column = previous[column]
    return steps
