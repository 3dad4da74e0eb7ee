"""Which versions are selected, and the order of loading and unloading."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig,
)

from modelserver.lifecycle.versions import Plan, State, plan, select

AVAILABLE, LOADING, END = State.AVAILABLE, State.LOADING, State.END


def policy(text: str) -> Any:
    message = FileSystemStoragePathSourceConfig.ServableVersionPolicy()
    return text_format.Parse(text, message)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("", [12]),
        ("latest {}", [12]),
        ("latest { num_versions: 2 }", [12, 7]),
        ("latest { num_versions: 9 }", [12, 7, 3]),
        ("all {}", [12, 7, 3]),
        ("specific { versions: 3 versions: 7 versions: 8 }", [7, 3]),
        ("specific {}", []),
    ],
)
def test_a_policy_selects_versions_newest_first(text: str, asked: list[int]) -> None:
    assert select(policy(text), [7, 12, 3], ()) == asked


def test_latest_selects_incomplete_versions_without_counting_them() -> None:
    assert select(policy(""), [1, 2, 3], {3}) == [3, 2]
    assert select(policy(""), [1, 2, 3], {2, 3}) == [3, 2, 1]
    assert select(policy("latest { num_versions: 2 }"), [1, 2, 3], {2}) == [3, 2, 1]
    assert select(policy(""), [1, 2, 3], {1}) == [3]


def test_new_versions_are_loaded_highest_first() -> None:
    assert plan({}, [1, 3, 2], ()) == Plan([3, 2, 1], [])


def test_the_old_version_stays_until_the_new_one_is_available() -> None:
    assert plan({1: AVAILABLE}, [2], ()) == Plan([2], [])
    assert plan({1: AVAILABLE, 2: LOADING}, [2], ()) == Plan([], [])
    assert plan({1: AVAILABLE, 2: END}, [2], ()) == Plan([], [])
    assert plan({1: AVAILABLE, 2: AVAILABLE}, [2], ()) == Plan([], [1])


def test_only_the_last_surplus_version_is_kept() -> None:
    assert plan({1: AVAILABLE, 2: AVAILABLE}, [3], ()) == Plan([3], [1])


def test_no_selected_version_unloads_all() -> None:
    assert plan({1: AVAILABLE, 2: AVAILABLE, 3: END}, [], ()) == Plan([], [1, 2])


def test_ended_versions_are_reloaded_only_when_due() -> None:
    assert plan({5: END}, [5], ()) == Plan([], [])
    assert plan({5: END}, [5], {5}) == Plan([5], [])
    assert plan({5: LOADING}, [5], {5}) == Plan([], [])
