"""Text files in the encodings that editors write."""

from __future__ import annotations

from pathlib import Path

import pytest

from framewire import textfile

TEXT = "model = 'digits'\n# 数字\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_what_editors_write_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "settings.toml"
    mark = "\ufeff" if encoding[-2:] in ("le", "be") else ""
    file.write_bytes((mark + TEXT.replace("\n", "\r\n")).encode(encoding))
    assert textfile.read(file) == textfile.read(str(file)) == TEXT


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (TEXT.encode("gbk"), r"not UTF-8 text \(byte 20\); save it as UTF-8"),
        (b"\xff\xfea", r"not UTF-16 text \(byte 3\); save it as UTF-8"),
        ("hush".encode("utf-16-le"), "zero bytes, .* without a byte order mark"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(data)
    with pytest.raises(ValueError, match=message) as caught:
        textfile.read(file)
    assert "hush" not in str(caught.value)
