"""The assignment of least cost, against every other one."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from server.core.tracking.assignment import assign

COSTS = st.integers(1, 4).flatmap(
    lambda rows: st.integers(rows, 5).flatmap(
        lambda columns: st.lists(
            st.lists(st.floats(-20, 100), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


@given(COSTS)
def test_no_other_assignment_costs_less(costs: list[list[float]]) -> None:
    chosen = assign(costs)
    assert len(set(chosen)) == len(costs)
    least = min(
        sum(row[column] for row, column in zip(costs, columns, strict=True))
        for columns in itertools.permutations(range(len(costs[0])), len(costs))
    )
    cost = sum(row[column] for row, column in zip(costs, chosen, strict=True))
    assert abs(cost - least) < 1e-6


def test_a_row_gives_way_to_one_that_needs_its_column_more() -> None:
    assert assign([[1.0, 2.0, 9.0], [1.0, 9.0, 9.0], [2.0, 3.0, 9.0]]) == [1, 0, 2]
