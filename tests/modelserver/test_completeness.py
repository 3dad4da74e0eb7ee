"""What is in the place of a version's graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelserver.execution import completeness
from modelserver.execution.completeness import Incomplete


@pytest.mark.parametrize(
    ("file", "contents", "message"),
    [
        ("saved_model.pb", b"", "saved_model.pb is truncated, or not the graph of a SavedModel"),
        ("saved_model.pb", b"<html>", "truncated, or not the graph of a SavedModel"),
        ("saved_model.pb", b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer; run"),
        ("model.keras", b"PK", "saved_model.pb is missing"),
        ("export/saved_model.pb", b"", "missing; export/saved_model.pb is one level too deep"),
    ],
)
def test_other_files(tmp_path: Path, file: str, contents: bytes, message: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_bytes(contents)
    with pytest.raises(Incomplete) as caught:
        completeness.check(str(tmp_path), ["serve"])
    assert message in caught.value.message
