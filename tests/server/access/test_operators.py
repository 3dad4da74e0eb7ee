"""The file with the tokens of operators."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.access.operators import Operators
from server.settings import WrongSetting

ALICE, BOB = "a" * 20, "b" * 32


def write(folder: Path, text: str) -> str:
    path = folder / "admin.tokens"
    path.write_text(text)
    return str(path)


def test_a_token_names_its_operator(tmp_path: Path) -> None:
    operators = Operators(write(tmp_path, f"# comment\n\nalice {ALICE}\n  bob\t{BOB}\n"))
    assert (operators.name_of(ALICE), operators.name_of(BOB)) == ("alice", "bob")
    for wrong in ("", "alice", ALICE[:-1], f"{ALICE}a", f"alice {ALICE}", "é\udcff"):
        assert operators.name_of(wrong) is None


def test_a_changed_file_counts_and_a_broken_one_does_not(tmp_path: Path) -> None:
    operators = Operators(write(tmp_path, f"alice {ALICE}"))
    write(tmp_path, f"bob {BOB}")
    operators.reload()
    assert (operators.name_of(ALICE), operators.name_of(BOB)) == (None, "bob")
    write(tmp_path, "bob")
    with pytest.raises(WrongSetting):
        operators.reload()
    assert operators.name_of(BOB) == "bob"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file names no operator"),
        (f"alice {ALICE}\n{BOB}", "line 2: must be a name and a token"),
        ("alice secret", "line 1: the token must have at least 20 characters"),
        (f"alice {ALICE}\nalice {BOB}", "line 2: its name is used twice"),
        (f"alice {ALICE}ü", "line 1: the name must be printable, and the token ASCII"),
    ],
)
def test_a_wrong_file_is_described_without_its_tokens(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(WrongSetting, match=f"admin_tokens: .*{re.escape(words)}") as caught:
        Operators(write(tmp_path, text))
    assert ALICE not in str(caught.value)
    assert BOB not in str(caught.value)


def test_a_file_that_windows_has_marked_as_utf_8(tmp_path: Path) -> None:
    operators = Operators(write(tmp_path, f"\ufeff# name token\r\nalice {ALICE}\r\n"))
    assert operators.name_of(ALICE) == "alice"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="No such file"):
        Operators(str(tmp_path / "missing"))
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(WrongSetting, match="not UTF-8"):
        Operators(str(tmp_path / "binary"))
