"""Find checkpoints, and reject what is not one."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from demomodel import weights
from demomodel.network import Detector
from export.errors import CheckpointError
from export.sources import checkpoints


def write(prefix: Path, **variables: tf.Variable) -> Path:
    prefix.parent.mkdir(parents=True, exist_ok=True)
    tf.train.Checkpoint(**variables).write(str(prefix))
    return prefix


def test_a_checkpoint_is_found_by_directory_prefix_or_index(tmp_path: Path) -> None:
    prefix = write(tmp_path / "mine" / "weights", x=tf.Variable(1.0))
    places = (prefix.parent, prefix, prefix.with_name("weights.index"))
    found = [checkpoints.find(place) for place in places]
    assert found == [checkpoints.Checkpoint(prefix)] * 3
    assert found[0].name == "mine"
    assert len(found[0].files()) == 2


def test_the_digest_depends_on_the_contents(tmp_path: Path) -> None:
    one = checkpoints.find(write(tmp_path / "a", x=tf.Variable(1.0)))
    same = checkpoints.find(write(tmp_path / "b", x=tf.Variable(1.0)))
    other = checkpoints.find(write(tmp_path / "c", x=tf.Variable(2.0)))
    assert one.digest() == same.digest() != other.digest()


def test_a_missing_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint in"):
        checkpoints.find(tmp_path)
    with pytest.raises(CheckpointError, match=r"there is no checkpoint .*gone"):
        checkpoints.find(tmp_path / "gone")
    write(tmp_path / "a", x=tf.Variable(1.0))
    write(tmp_path / "b", x=tf.Variable(1.0))
    with pytest.raises(CheckpointError, match="2 checkpoints in"):
        checkpoints.find(tmp_path)


def test_weights_are_restored_exactly(tmp_path: Path) -> None:
    network = Detector(seed=5)
    weights.save(network, tmp_path / "weights")
    back = weights.restore(checkpoints.find(tmp_path))
    for variable, restored in zip(network.variables, back.variables, strict=True):
        assert (variable.numpy() == restored.numpy()).all()


def test_a_checkpoint_of_another_model_is_rejected(tmp_path: Path) -> None:
    other = checkpoints.find(write(tmp_path / "other", x=tf.Variable(1.0)))
    with pytest.raises(CheckpointError, match="does not fit the network") as caught:
        weights.restore(other)
    assert "\n" not in str(caught.value)


def test_a_damaged_checkpoint_is_rejected(tmp_path: Path) -> None:
    weights.save(Detector(), tmp_path / "weights")
    data = tmp_path / "weights.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="does not fit the network"):
        weights.restore(checkpoints.find(tmp_path))
