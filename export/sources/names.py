"""Names of tensors, signatures and models: the given one among those that there are."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import TypeVar

from export.errors import SourceError

_SHOWN = 5
_Value = TypeVar("_Value")


def look_up(what: str, name: str, among: Mapping[str, _Value]) -> _Value:
    """The value under `name`. Raises SourceError that tells the nearest names."""
    if name in among:
        return among[name]
    raise SourceError(f"there is no {what} {name!r}{nearest(name, among)}")


def nearest(name: str, names: Collection[str]) -> str:
    """How an error goes on: the names most like `name`, or all of them if they are few."""
    if not names:
        return "; there is none at all"
    # Without regard to case, to the output's number, and to the scopes a graph was built in.
    keys = {known.lower(): known for known in names}
    wanted = name.lower()
    found = [keys[key] for key in difflib.get_close_matches(wanted, keys, _SHOWN, 0.5)]
    last = wanted.rpartition("/")[2].partition(":")[0]
    found += [known for key, known in keys.items() if last and last in key and known not in found]
    if found:
        return f"; nearest: {', '.join(found[:_SHOWN])}"
    return f"; there are {listed(names)}"


def listed(names: Collection[str]) -> str:
    """The names, or the first of them and how many more there are."""
    shown = ", ".join(list(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def renamed(found: Mapping[str, _Value], outputs: Mapping[str, str]) -> dict[str, _Value]:
    """The outputs that were asked for, under the names they shall have; all if none was.

    outputs: names in `found`, by their new names. Raises SourceError.
    """
    if not outputs:
        return dict(found)
    return {alias: look_up("output", name, found) for alias, name in outputs.items()}


def only(what: str, names: Mapping[str, str], known: Collection[str]) -> str:
    """The one name that was given, or the one that there is. Raises SourceError."""
    if len(names) > 1:
        raise SourceError(f"--inputs names {len(names)} inputs; pictures go into one")
    for name in names.values():
        look_up(what, name, dict.fromkeys(known))
        return name
    if len(known) != 1:
        raise SourceError(
            f"the model has {len(known)} inputs; say with --inputs which takes pictures, "
            f"and with --feed what the others get: {listed(sorted(known))}"
        )
    return next(iter(known))
