"""A table of bounded size."""

from __future__ import annotations

from server.core.lru import LRU


def test_the_least_recently_used_entry_is_evicted() -> None:
    table: LRU[str, list[int]] = LRU(2, list)
    for key in ("a", "b", "a", "c"):
        table.of(key).append(1)
    assert table == {"a": [1, 1], "c": [1]}


def test_looking_at_an_entry_is_no_use() -> None:
    table: LRU[str, list[int]] = LRU(2, list)
    for key in ("a", "b"):
        table.of(key)
    assert table["a"] == []
    table.of("c")
    assert list(table) == ["b", "c"]
