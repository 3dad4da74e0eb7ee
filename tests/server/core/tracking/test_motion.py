"""Predictions that tracks share."""

from __future__ import annotations

from server.core.tracking.motion import Predictions, Spread


def test_alike_histories_share_a_prediction() -> None:
    one, alike, other = (Spread(0.0, position, 0.1, 2.0) for position in (1.0, 1.05, 3.0))
    predictions = Predictions(0.1, [one, alike, other])
    assert predictions[one] is predictions[alike]
    assert predictions[one] is not predictions[other]
