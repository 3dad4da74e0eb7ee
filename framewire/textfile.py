"""Text files that users write, as the editors of any system save them."""

from __future__ import annotations

import codecs
from pathlib import Path

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(path: str | Path, errors: str = "strict") -> str:
    r"""Return the text in a file, with ``\n`` at the ends of lines.

    It is UTF-8, or UTF-16 or UTF-32 with a byte order mark, as Notepad and PowerShell's ``>`` write
    it. ``errors`` says what becomes of other bytes, as in ``bytes.decode``. Raise ``OSError``, or
    ``ValueError`` that quotes nothing: the file may hold a secret.
    """
    data = Path(path).read_bytes()
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding, errors)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        wrong = f"it is not {name} text (byte {error.start + 1})"
        raise ValueError(f"{wrong}; save it as UTF-8") from None
    if "\0" in text:
        raise ValueError(
            "it contains zero bytes, so it is UTF-16 without a byte order mark, or not text; save "
            "it as UTF-8"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")
