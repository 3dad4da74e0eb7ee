"""Find out why a version differs from its source: the source may not repeat its own answers."""

from __future__ import annotations

from collections.abc import Sequence

from export.errors import ContractError
from export.serving.conversion import Conversion
from export.verification import golden
from export.verification.comparison import compare
from export.verification.golden import Golden, Row

_TRAINING = "it runs as in training; use the graph that was built for inference, or turn"


def explained(error: ContractError, conversion: Conversion, expected: Golden) -> ContractError:
    """Return an error with the reason if the source is to blame, otherwise ``error``."""
    again = golden.answers(conversion, expected.images)
    if _differ(again, expected.rows):
        return ContractError(
            "the source answers an image differently each time (dropout, or other random "
            f"numbers): {_TRAINING} {_off(conversion.source.dropout)}"
        )
    if conversion.batch is None and _differ(_alone(conversion, expected), expected.rows[:1]):
        return ContractError(
            "the source's answer for an image depends on the others in its batch (batch "
            f"normalization): {_TRAINING} {_off()}, or serve what it answers to single images "
            "with --batch 1"
        )
    return error


def _off(dropout: Sequence[str] = ()) -> str:
    """Return the flags that end training; ``dropout``: those for what is part of the graph."""
    if dropout:
        return f"its dropout off with {' '.join(f'--feed {switch}' for switch in dropout)}"
    return "training off with --feed, such as --feed is_training=false"


def _alone(conversion: Conversion, expected: Golden) -> list[Row]:
    return golden.answers(conversion, expected.images[:1])


def _differ(actual: Sequence[Row], expected: Sequence[Row]) -> bool:
    try:
        compare("source", actual, expected)
    except ContractError:
        return True
    return False
