"""Select a source's inputs and outputs by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from export.contract import BYTES
from export.errors import SourceError
from export.suggestions import listed, look_up

_Value = TypeVar("_Value")


def select_signature(requested: str | None, known: Collection[str]) -> str:
    """Return the requested signature, the default, or the only one."""
    if requested is not None:
        return requested
    return BYTES if BYTES in known or len(known) != 1 else next(iter(known))


def select_outputs(
    available: Mapping[str, _Value], outputs: Mapping[str, str]
) -> dict[str, _Value]:
    """Return the requested outputs under their new names, or all if none was requested.

    ``outputs``: names in ``available``, by their new names. Raise ``SourceError``.
    """
    if not outputs:
        return dict(available)
    return {alias: look_up("output", name, available) for alias, name in outputs.items()}


def left_out(available: Collection[str], outputs: Mapping[str, str]) -> tuple[str, ...]:
    """Return the outputs that were not requested although others were."""
    return tuple(sorted(set(available) - set(outputs.values()))) if outputs else ()


def image_input(inputs: Mapping[str, str], feeds: Collection[str], known: Collection[str]) -> str:
    """Return the input for images: the one that was named, or the only one without a constant.

    ``inputs``: the value of ``--inputs``. ``feeds``: inputs that get constants. Raise
    ``SourceError`` if it is ambiguous, or if further inputs have no constant.
    """
    if len(inputs) > 1:
        raise SourceError(f"--inputs names {len(inputs)} inputs; images go to only one")
    rest = [name for name in known if name not in feeds]
    chosen = next(iter(inputs.values()), None)
    if chosen is not None:
        look_up("input", chosen, dict.fromkeys(rest))
    elif len(rest) == 1:
        chosen = rest[0]
    else:
        raise SourceError(
            f"the model has {len(rest)} inputs: {listed(sorted(rest))}; name the one for images "
            "with --inputs NAME, and give each of the others a constant with --feed NAME=VALUE"
        )
    others = sorted(set(rest) - {chosen})
    if others:
        raise SourceError(
            f"give the other inputs constants with --feed NAME=VALUE: {listed(others)}"
        )
    return chosen
