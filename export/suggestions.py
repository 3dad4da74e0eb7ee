"""Look up names that users give, and suggest the closest ones when they are unknown."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from export.errors import SourceError

_SHOWN = 5
_SIMILAR = 0.5
_Value = TypeVar("_Value")


def look_up(kind: str, name: str, known: Mapping[str, _Value]) -> _Value:
    """Return the value of ``name``. Raise ``SourceError`` with the closest names otherwise."""
    if name in known:
        return known[name]
    raise SourceError(f"there is no {kind} {name!r}{closest(name, known)}")


def closest(name: str, known: Collection[str]) -> str:
    """Return the end of an error message: the names closest to ``name``, or all if none is close.

    Case, output numbers (``:0``) and scopes (``a/b/``) are ignored.
    """
    if not known:
        return "; there are none"
    keys = {other.lower(): other for other in known}
    wanted = name.lower()
    matches = [keys[key] for key in difflib.get_close_matches(wanted, keys, _SHOWN, _SIMILAR)]
    last = wanted.rpartition("/")[2].partition(":")[0]
    matches += [known for key, known in keys.items() if last and last in key]
    matches = list(dict.fromkeys(matches))
    if matches:
        return f"; closest: {', '.join(matches[:_SHOWN])}"
    return f"; available: {listed(known)}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean X?`` for a misspelt command or flag, or nothing."""
    matches = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f"; did you mean {matches[0]}?" if matches else ""


def listed(names: Collection[str]) -> str:
    """Return the names separated by commas: the first five, and how many more there are."""
    shown = ", ".join(list(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
