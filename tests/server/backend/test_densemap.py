"""A map of values as levels, and outputs that are no such map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend import answers
from server.backend.contract import MapOutputs
from server.backend.pixels import Placement
from server.core.answers import DenseMap
from server.core.errors import ModelFailed, UnusableModel
from tests.server.backend.puppet_server import FLOAT, STRING, Spec, tensor
from tests.server.backend.test_selection import BYTES, chosen, only, signature

OUTPUTS = MapOutputs("dense_map")


def mapped(maps: Any, dtype: Any = np.float32, **more: Any) -> Any:
    sent = {"dense_map": tensor(np.array(maps, dtype))}
    return answers.split(OUTPUTS, sent, len(maps), **more)


def test_levels_go_from_the_lowest_value_to_the_highest() -> None:
    first, second = mapped([[[1.0, 2.0, 3.5]], [[-2.0, -2.0, 0.0]]])
    assert first == DenseMap(3, 1, 1.0, 3.5, bytes([0, 102, 255]))
    assert second == DenseMap(3, 1, -2.0, 0.0, bytes([0, 0, 255]))


def test_a_flat_map_and_one_without_values() -> None:
    nan = float("nan")
    flat, none, some = mapped([[[7.0, 7.0]], [[nan, float("inf")]], [[nan, 5.0]]])
    assert flat == DenseMap(2, 1, 7.0, 7.0, bytes(2))
    assert none == DenseMap(2, 1, 0.0, 0.0, bytes(2))
    assert some == DenseMap(2, 1, 5.0, 5.0, bytes(2))


def test_the_bars_around_a_frame_are_cut_off() -> None:
    bars = [[9.0] * 2, [1.0, 3.0], [1.0, 3.0], [9.0] * 2]
    [answer] = mapped([bars], placements=[Placement(0.0, 0.25, 1.0, 0.5)])
    assert answer == DenseMap(2, 2, 1.0, 3.0, bytes([0, 255, 0, 255]))


def test_a_large_map_is_thinned_out() -> None:
    [answer] = mapped(np.arange(510 * 500).reshape(1, 510, 500), np.int64)
    assert (answer.width, answer.height, len(answer.levels)) == (250, 255, 250 * 255)


@given(st.lists(st.floats(width=32) | st.floats(-9, 9, width=32), min_size=1, max_size=6))
def test_values_come_back_within_half_a_level(values: list[float]) -> None:
    [answer] = mapped([[values]])
    assert np.isfinite([answer.low, answer.high]).all()
    assert answer.low <= answer.high
    for value, level in zip(values, answer.levels, strict=True):
        if abs(value) <= 1e30:
            step = (answer.high - answer.low) / 255
            off = abs(answer.low + level * step - value)
            assert off <= 0.51 * step + 1e-9 * abs(value)


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        (np.zeros((1, 2)), r"\[1, 2\], not \[N,H,W\]"),
        (np.zeros((1, 2, 2, 1)), r"\[1, 2, 2, 1\], not \[N,H,W\]"),
        (np.zeros((1, 0, 2)), "with 1 to 262144 pixels"),
        (np.zeros((1, 513, 512)), r"\[1, 513, 512\]"),
    ],
)
def test_what_is_no_map(maps: Any, words: str) -> None:
    with pytest.raises(ModelFailed, match=words):
        mapped(maps)


def test_only_a_description_makes_a_map() -> None:
    depth = signature(BYTES, {"dense_map": (FLOAT, (-1, 8, 8))})
    assert only(depth).outputs.task == "tensors"
    selection = chosen(depth, task="map", unit="m")
    assert (selection.model.task, selection.model.unit) == ("map", "m")
    [contract] = selection.contracts.values()
    assert (contract.outputs, contract.certain) == (OUTPUTS, True)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"a": (FLOAT, (-1, 2)), "b": (FLOAT, (-1,))}, "must return 'dense_map', not a, b"),
        ({"dense_map": (FLOAT, (-1, 8, 8, 1))}, r"it must be \[N,H,W\]"),
        ({"dense_map": (STRING, (-1, 8, 8))}, "must have numbers"),
    ],
)
def test_contradictions(outputs: dict[str, Spec], words: str) -> None:
    with pytest.raises(UnusableModel, match=words):
        chosen(signature(BYTES, outputs), task="map")
