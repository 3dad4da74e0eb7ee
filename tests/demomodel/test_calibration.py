"""Calibration: few boxes in empty pictures reach the threshold, and their order stays."""

from __future__ import annotations

import numpy as np
import pytest

from demomodel import CHECKPOINT, scenes, weights
from demomodel.calibration import RATE, SCORE, calibrate, scores
from demomodel.network import Detector
from export.sources import checkpoints

EMPTY = np.stack(
    [np.asarray(scenes.render((6, seed), (192, 192), digits=False).picture) for seed in range(25)]
)


@pytest.fixture
def eager() -> Detector:
    """A network that takes letters for digits."""
    network = weights.restore(checkpoints.find(CHECKPOINT))
    network.classes.bias.assign_add(np.full(10, 3, np.float32))
    return network


def test_few_boxes_reach_the_threshold_afterwards(eager: Detector) -> None:
    before = scores(eager, EMPTY)
    allowed = int(RATE * len(EMPTY))
    assert (before >= SCORE).sum() > allowed
    assert calibrate(eager, EMPTY) > 0
    after = scores(eager, EMPTY)
    assert (after >= SCORE).sum() == allowed


def test_all_logits_are_lowered_alike(eager: Detector) -> None:
    before = eager.classes.bias.numpy()
    lowered = calibrate(eager, EMPTY)
    assert np.allclose(before - eager.classes.bias.numpy(), lowered)


def test_a_careful_network_stays_as_it_is(eager: Detector) -> None:
    eager.classes.bias.assign_sub(np.full(10, 9, np.float32))
    before = eager.classes.bias.numpy()
    assert calibrate(eager, EMPTY) == 0.0
    assert (eager.classes.bias.numpy() == before).all()
