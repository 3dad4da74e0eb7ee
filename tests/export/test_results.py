"""What models return: dictionaries, lists, and structures of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.sources.results import by_name

A, B = tf.constant([1.0]), tf.constant([2.0])


@pytest.mark.parametrize(
    ("result", "names", "expected"),
    [
        (A, None, {"output_0": A}),
        (A, ["probs"], {"probs": A}),
        ((A, B), ["values", "indices"], {"values": A, "indices": B}),
        ([A, B], ["one"], {"output_0": A, "output_1": B}),
        ([A, B], ["inner", "inner"], {"output_0": A, "output_1": B}),
        ([A, [B, None]], None, {"output_0": A, "output_1": B}),
        ({"scores": A, "aux": None}, None, {"scores": A}),
        ({0: A}, None, {"0": A}),
        (
            {"head": {"scores": A}, "maps": [B, (A,)]},
            None,
            {"head/scores": A, "maps/0": B, "maps/1/0": A},
        ),
    ],
)
def test_names(result: Any, names: list[str] | None, expected: dict[str, Any]) -> None:
    found = by_name(result, names)
    assert found.keys() == expected.keys()
    assert all(found[name] is expected[name] for name in found)


def test_numbers_become_tensors() -> None:
    found = by_name({"version": 3, "mean": np.float32(0.5)})
    assert {name: value.numpy() for name, value in found.items()} == {"version": 3, "mean": 0.5}
