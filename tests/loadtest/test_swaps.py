"""What counts as an error, and as a result of the wrong version."""

from __future__ import annotations

from loadtest.paced import Seen
from loadtest.swaps import Move, Swaps

# Version 1, until the label moves to 2 between 10 and 12, and back between 20 and 21.
MOVES = (Move(10.0, 12.0, 2), Move(20.0, 21.0, 1))


def swaps(*seen: Seen) -> Swaps:
    return Swaps((), seen, MOVES, (), ())


def result(version: int, sent: float, answered: float) -> Seen:
    return Seen(sent, answered, "result", version)


def test_any_version_that_the_label_pointed_to_in_between_is_right() -> None:
    right = [
        result(1, 1.0, 2.0),
        result(1, 9.0, 10.5),
        result(2, 9.9, 10.1),
        result(1, 11.0, 11.5),
        result(2, 13.0, 14.0),
        result(2, 19.0, 20.5),
        result(1, 19.0, 20.5),
        result(1, 22.0, 23.0),
    ]
    assert swaps(*right).wrong == []


def test_anything_else_is_wrong() -> None:
    wrong = [
        result(2, 8.0, 9.0),
        result(1, 12.5, 13.0),
        result(3, 11.0, 11.5),
        result(2, 21.5, 22.0),
    ]
    assert swaps(*wrong).wrong == wrong


def test_a_drop_is_not_an_error() -> None:
    failed = Seen(1.0, 2.0, "model_failed", None)
    found = swaps(Seen(1.0, 2.0, "superseded", None), failed, Seen(1.0, 2.0, "expired", None))
    assert (found.errors, found.wrong) == ([failed], [])
