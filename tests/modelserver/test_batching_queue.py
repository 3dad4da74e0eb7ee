"""Batching without clock, threads or TensorFlow: queue, merging, parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelserver.batching import merge
from modelserver.batching.queue import BatchQueue
from modelserver.options import batching
from modelserver.options.batching import BatchingParameters
from modelserver.status import Code, ServingError


def queue(max_size: int = 4, timeout_s: float = 1.0, max_batches: int = 2) -> BatchQueue[str]:
    return BatchQueue(max_size, timeout_s, max_batches)


def test_a_full_batch_is_ready_at_once() -> None:
    waiting = queue()
    waiting.offer("a", 3, now=10.0)
    assert waiting.take(10.0) == []
    waiting.offer("b", 1, now=10.2)
    assert waiting.ready_at() == 10.0
    assert waiting.take(10.2) == ["a", "b"]
    assert waiting.ready_at() is None


def test_an_open_batch_is_ready_when_its_first_request_has_waited() -> None:
    waiting = queue()
    waiting.offer("a", 1, now=10.0)
    waiting.offer("b", 1, now=10.9)
    assert waiting.ready_at() == 11.0
    assert waiting.take(10.99) == []
    assert waiting.take(11.0) == ["a", "b"]


def test_a_request_that_does_not_fit_closes_the_batch() -> None:
    waiting = queue()
    waiting.offer("a", 3, now=10.0)
    waiting.offer("b", 2, now=10.1)
    assert waiting.take(10.1) == ["a"]
    assert waiting.take(10.1) == []
    assert waiting.ready_at() == 11.1


def test_without_a_timeout_one_request_is_a_batch() -> None:
    waiting = queue(timeout_s=0)
    waiting.offer("a", 1, now=10.0)
    assert waiting.take(10.0) == ["a"]


def test_requests_beyond_the_limits_are_refused() -> None:
    waiting = queue()
    with pytest.raises(ServingError) as caught:
        waiting.offer("a", 5, now=0)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.message == "Task size 5 is larger than maximum input batch size 4"
    for size in (3, 3, 1):
        waiting.offer("a", size, now=0)
    with pytest.raises(ServingError) as caught:
        waiting.offer("b", 1, now=0)
    assert caught.value.code is Code.UNAVAILABLE
    assert "queue to which this task was submitted is full" in caught.value.message
    waiting.take(0)
    waiting.offer("b", 1, now=0)


@given(st.lists(st.tuples(st.integers(1, 4), st.floats(0, 1)), max_size=40))
def test_every_request_leaves_once_and_in_order(offers: list[tuple[int, float]]) -> None:
    waiting: BatchQueue[int] = BatchQueue(4, 0.5, 1000)
    now, taken = 0.0, []
    for number, (size, pause) in enumerate(offers):
        now += pause
        waiting.offer(number, size, now)
        while batch := waiting.take(now):
            assert sum(offers[item][0] for item in batch) <= 4
            taken += batch
    while batch := waiting.take(now + 1):
        taken += batch
    assert taken == list(range(len(offers)))


def floats(*rows: Any) -> Any:
    return np.array(rows, np.float32)


def test_merging_pads_the_batch_with_a_real_item() -> None:
    merged = merge.merge("x", [floats(1, 2), floats(3)], 5, pad=False)
    assert merged.tolist() == [1, 2, 3, 3, 3]


def test_merging_different_shapes() -> None:
    parts = [floats([1, 2]), floats([3])]
    with pytest.raises(ServingError) as caught:
        merge.merge("x", parts, 2, pad=False)
    assert caught.value.code is Code.FAILED_PRECONDITION
    assert "Tensors with name 'x' from different tasks have different shapes" in str(caught.value)
    assert merge.merge("x", parts, 2, pad=True).tolist() == [[1, 2], [3, 3]]
    with pytest.raises(ServingError):
        merge.merge("x", [floats([1]), floats([[1]])], 2, pad=True)
    with pytest.raises(ServingError, match="Got empty tensor in batch of non-empty tensors"):
        merge.merge("x", [floats([1]), floats([])], 2, pad=True)


def test_padding_strings() -> None:
    parts = [np.array([[b"a", b"b"]], object), np.array([[b"c"]], object)]
    assert merge.merge("x", parts, 2, pad=True).tolist() == [[b"a", b"b"], [b"c", b"c"]]


def test_outputs_are_split_by_request() -> None:
    parts = merge.split([np.arange(5), np.eye(5)], [2, 1], 5)
    assert [part[0].tolist() for part in parts] == [[0, 1], [2]]
    assert parts[1][1].shape == (1, 5)
    for value, message in ((np.float32(1), "0 dimensions"), (np.arange(4), "does not equal")):
        with pytest.raises(ServingError, match=message) as caught:
            merge.split([value], [2, 1], 5)
        assert caught.value.code is Code.FAILED_PRECONDITION


def test_the_size_of_a_request_is_its_first_dimension() -> None:
    assert merge.size_of([floats(1, 2), floats([1], [2])]) == 2
    for arrays in ([np.float32(1)], [floats(1), floats(1, 2)]):
        with pytest.raises(ServingError, match="Batching Run"):
            merge.size_of([np.asarray(array) for array in arrays])


def test_parameters(tmp_path: Path) -> None:
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 1500 } "
        "max_enqueued_batches { value: 3 } num_batch_threads { value: 5 } "
        'thread_pool_name { value: "p" } allowed_batch_sizes: 2 allowed_batch_sizes: 8'
    )
    read = batching.read(str(file), BatchingParameters())
    assert read == BatchingParameters(8, 0.0015, 3, 5, "p", (2, 8), max_execution_size=8)
    assert [read.padded(size) for size in (1, 2, 3, 8)] == [2, 2, 8, 8]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: [ 2, 4 ]",
            "must match max_batch_size; last entry was 4; expected 8",
        ),
        ("max_batch_size { value: 4 } allowed_batch_sizes: [ 4, 2, 4 ]", "must increase"),
        (
            "max_batch_size { value: 8 } allowed_batch_sizes: [ 2, 4 ] max_execution_batch_size "
            "{ value: 4 } enable_large_batch_splitting { value: true }",
            "last entry was 4; expected 8",
        ),
        ("max_batch_size { value: 0 }", "max_batch_size must be at least 1"),
        ("batch_timeout_micros { value: -1 }", "must not be negative"),
        ("max_batch_size: 8", "Expected"),
        ("batch_size { value: 8 }", "no field named"),
    ],
)
def test_wrong_parameters(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "batching.config"
    file.write_text(text)
    with pytest.raises(ServingError, match=message):
        batching.read(str(file), BatchingParameters())
