"""Parts of a page that a command writes: ``<!-- begin NAME -->`` to ``<!-- end NAME -->``."""

from __future__ import annotations


def replaced(page: str, name: str, text: str) -> str:
    """Return ``page`` with ``text`` between the markers of ``name``.

    Raises ValueError if the page does not have them.
    """
    begin, end = (f"<!-- {word} {name} -->" for word in ("begin", "end"))
    head, found, rest = page.partition(begin)
    _, found_end, tail = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"the page has no {begin} ... {end}")
    return f"{head}{begin}\n{text}\n{end}{tail}"
