"""A map of classes as run lengths, and outputs that are no such map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend import answers
from server.backend.contract import SegmentationOutputs
from server.backend.pixels import WHOLE, Placement
from server.core.answers import Segmentation
from server.core.errors import ModelFailed, UnusableModel
from tests.server.backend.puppet_server import FLOAT, INT64, UINT8, Spec, tensor
from tests.server.backend.test_selection import BYTES, chosen, only, signature

OUTPUTS = SegmentationOutputs("class_map", 0)


def segment(maps: Any, outputs: Any = OUTPUTS, dtype: Any = np.int64, **more: Any) -> Any:
    sent = {"class_map": tensor(np.array(maps, dtype))}
    return answers.split(outputs, sent, len(maps), **more)


def expanded(answer: Segmentation) -> Any:
    flat = np.repeat(answer.runs[::2], answer.runs[1::2])
    return flat.reshape(answer.height, answer.width)


def test_runs_go_on_across_the_ends_of_rows() -> None:
    first, second = segment([[[0, 0, 7], [7, 7, 1]], [[3] * 3] * 2])
    assert first == Segmentation(3, 2, [0, 2, 7, 3, 1, 1])
    assert second == Segmentation(3, 2, [3, 6])
    assert {type(number) for number in first.runs} == {int}


def test_bytes_are_classes_too() -> None:
    """As export makes them, in the typed field that TensorFlow Serving sends."""
    sent = tensor(np.zeros((1, 1, 3), np.int64))
    sent.dtype = UINT8
    sent.int_val.extend([7, 7, 255])
    [answer] = answers.split(OUTPUTS, {"class_map": sent}, 1)
    assert answer == Segmentation(3, 1, [7, 2, 255, 1])


def test_classes_may_start_at_another_number() -> None:
    [answer] = segment([[[1, 3]]], SegmentationOutputs("class_map", 1, 3), np.int64)
    assert answer.runs == [0, 1, 2, 1]


def test_the_bars_around_a_frame_are_cut_off() -> None:
    maps = [[[9, 9, 9, 9], [1, 1, 2, 2], [1, 1, 2, 2], [9, 9, 9, 9]]] * 3
    wide, tall = Placement(0.0, 0.25, 1.0, 0.5), Placement(0.99, 0.0, 0.001, 1.0)
    middle, whole, sliver = segment(maps, placements=[wide, WHOLE, tall])
    assert middle == Segmentation(4, 2, [1, 2, 2, 2, 1, 2, 2, 2])
    assert (whole.width, whole.height) == (4, 4)
    assert sliver == Segmentation(1, 4, [9, 1, 2, 2, 9, 1]), "at least one pixel is left"


def test_a_map_with_too_many_runs_is_thinned_out() -> None:
    noise = np.random.default_rng(0).integers(0, 200, (1, 400, 300))
    [answer] = segment(noise)
    assert (answer.width, answer.height) == (75, 100)
    assert len(answer.runs) <= 2 * 20_000
    assert (expanded(answer) == noise[0, ::4, ::4]).all()


@given(st.data(), st.integers(1, 6), st.integers(1, 6), st.floats(0, 0.9), st.floats(0.05, 0.1))
def test_runs_cover_the_map(data: Any, width: int, height: int, left: float, part: float) -> None:
    size = st.lists(st.integers(0, 3), min_size=width * height, max_size=width * height)
    pixels = np.array(data.draw(size)).reshape(1, height, width)
    [whole] = segment(pixels)
    assert (expanded(whole) == pixels[0]).all()
    assert all(length > 0 for length in whole.runs[1::2])
    assert all(one != other for one, other in zip(whole.runs[::2], whole.runs[2::2], strict=False))
    [placed] = segment(pixels, placements=[Placement(left, 0.0, part, 1.0)])
    assert expanded(placed).shape == (placed.height, placed.width)


@pytest.mark.parametrize(
    ("maps", "outputs", "dtype", "words"),
    [
        ([[0.5]], OUTPUTS, np.float32, r"is float32 \[1, 1\], not integers \[N,H,W\]"),
        ([[[0.5]]], OUTPUTS, np.float32, "is float32"),
        ([[[[1]]]], OUTPUTS, np.int64, r"\[1, 1, 1, 1\], not integers \[N,H,W\]"),
        ([[[]]], OUTPUTS, np.int64, "of 1 to 262144 pixels"),
        (np.zeros((1, 513, 512)), OUTPUTS, np.int64, r"\[1, 513, 512\]"),
        ([[[3]]], SegmentationOutputs("class_map", 0, 3), np.int64, "class 3; .* from 0 to 2"),
        ([[[0]]], SegmentationOutputs("class_map", 1, 3), np.int64, "class 0; .* from 1 to 3"),
        ([[[-1]]], OUTPUTS, np.int32, "class -1; .* from 0 on"),
        ([[[2**40]]], OUTPUTS, np.int64, "class 1099511627776"),
    ],
)
def test_maps_that_cannot_be_sent(maps: Any, outputs: Any, dtype: Any, words: str) -> None:
    with pytest.raises(ModelFailed, match=words):
        segment(maps, outputs, dtype)


def test_only_a_description_makes_a_segmentation() -> None:
    mapped = signature(BYTES, {"class_map": (UINT8, (-1, 8, 8))})
    assert only(mapped).outputs.task == "tensors"
    selection = chosen(
        mapped, task="segmentation", labels=("a", "b"), palette=("#000000", "#ffffff")
    )
    assert (selection.model.task, selection.model.palette) == (
        "segmentation",
        ("#000000", "#ffffff"),
    )
    [contract] = selection.contracts.values()
    assert contract.outputs == SegmentationOutputs("class_map", 0, 2)
    assert contract.certain


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"a": (UINT8, (-1, 2)), "b": (UINT8, (-1,))}, "must return 'class_map', not a, b"),
        ({"class_map": (FLOAT, (-1, 8, 8, 21))}, r"float32\[\?,8,8,21\]; it must have integers"),
        ({"class_map": (INT64, (-1, 8, 8, 1))}, r"it must be \[N,H,W\]"),
    ],
)
def test_contradictions(outputs: dict[str, Spec], words: str) -> None:
    with pytest.raises(UnusableModel, match=words):
        chosen(signature(BYTES, outputs), task="segmentation")
