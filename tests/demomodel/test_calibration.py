"""Calibration: few boxes in empty pictures reach the threshold, and their order stays."""

from __future__ import annotations

import numpy as np
import pytest

from demomodel import CHECKPOINT, scenes, weights
from demomodel.calibration import RATE, SCORE, calibrate, scores
from demomodel.network import Detector
from export.sources import checkpoints


@pytest.fixture(scope="module")
def empty() -> np.ndarray:
    """Return pictures without digits: uint8 ``[25, 192, 192, 3]``."""
    shown = [scenes.render((6, seed), (192, 192), digits=False) for seed in range(25)]
    return np.stack([np.asarray(scene.picture) for scene in shown])


@pytest.fixture
def eager() -> Detector:
    """A network that takes letters for digits."""
    network = weights.restore(checkpoints.find(CHECKPOINT))
    network.classes.bias.assign_add(np.full(10, 3, np.float32))
    return network


def test_few_boxes_reach_the_threshold_afterwards(eager: Detector, empty: np.ndarray) -> None:
    before = scores(eager, empty)
    allowed = int(RATE * len(empty))
    assert (before >= SCORE).sum() > allowed
    assert calibrate(eager, empty) > 0
    after = scores(eager, empty)
    assert (after >= SCORE).sum() == allowed


def test_all_logits_are_lowered_alike(eager: Detector, empty: np.ndarray) -> None:
    before = eager.classes.bias.numpy()
    lowered = calibrate(eager, empty)
    assert np.allclose(before - eager.classes.bias.numpy(), lowered)


def test_a_careful_network_stays_as_it_is(eager: Detector, empty: np.ndarray) -> None:
    eager.classes.bias.assign_sub(np.full(10, 9, np.float32))
    before = eager.classes.bias.numpy()
    assert calibrate(eager, empty) == 0.0
    assert (eager.classes.bias.numpy() == before).all()
