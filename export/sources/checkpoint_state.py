"""Read the file ``checkpoint``, which lists the checkpoints of a directory as protobuf text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_encoding

_STRING = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
_LATEST = re.compile(rf"^\s*model_checkpoint_path\s*:\s*({_STRING})", re.MULTILINE)


@dataclass(frozen=True)
class CheckpointState:
    """``latest``: the path of the latest checkpoint, as it was when it was written."""

    latest: str | None = None


def read(path: Path) -> CheckpointState:
    """Return what the file says: nothing, if it is not there or is not such a list."""
    try:
        text = path.read_text("utf-8-sig", "surrogateescape")
    except OSError:  # no file, or a directory of this name
        return CheckpointState()
    found = _LATEST.search(text)
    return CheckpointState(_decoded(found[1][1:-1]) if found else None)


def _decoded(escaped: str) -> str | None:
    """Return a string of protobuf text. Escapes are bytes of UTF-8, usually octal ones."""
    try:
        plain = text_encoding.CUnescape(escaped)
    except (ValueError, UnicodeError):
        plain = b""
    if not plain or min(plain) < ord(" "):  # a Windows path that was not escaped
        plain = escaped.encode("utf-8", "surrogateescape")
    return plain.decode("utf-8", "replace") or None


def places(folder: Path, latest: str | None) -> Iterator[Path]:
    """Yield where the checkpoint that ``folder`` lists as its latest can be, likeliest first."""
    if latest is None:
        return
    names = [name for name in re.split(r"[/\\]", latest) if name]
    for start in range(len(names)):  # a/b/c, then b/c, then c
        yield folder.joinpath(*names[start:])
    yield folder / latest  # an absolute path of this machine, or a name with a backslash
