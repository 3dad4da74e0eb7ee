"""Short training runs: they learn, are deterministic, and survive an interruption."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from demomodel import dataset, scenes, training
from demomodel.network import Conv, Depthwise, Detector, Normalized
from demomodel.recipe import Recipe

RECIPE = Recipe(steps=3, scenes=8, batch=1, warmup=2)


class Stopped(Exception):
    """The run is interrupted."""


@pytest.fixture(autouse=True)
def _without_compiling() -> Iterator[None]:
    """Run eagerly, because building the graph would take longer than a few steps."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
    # Training makes TensorFlow deterministic for the rest of the process: without a seed, random
    # operations of other tests would fail.
    disable_op_determinism()


@pytest.fixture(scope="module")
def few() -> dataset.Scenes:
    """Return eight scenes in Pillow's own font."""
    shapes = ((192, 192, 3), (dataset.MAX_DIGITS, 4), (dataset.MAX_DIGITS,))
    pictures, boxes = np.zeros((8, *shapes[0]), np.uint8), np.zeros((8, *shapes[1]), np.float32)
    labels = np.full((8, *shapes[2]), -1, np.int32)
    for index in range(8):
        scene = scenes.render(index, (192, 192))
        count = len(scene.labels)
        pictures[index] = np.asarray(scene.picture)
        boxes[index, :count], labels[index, :count] = scene.boxes, scene.labels
    return dataset.Scenes(pictures, boxes, labels)


def silent(task: str, done: int, wanted: int, note: str) -> None:
    """Show no progress."""


def values(network: Detector) -> np.ndarray:
    return np.concatenate([v.numpy().ravel() for v in network.variables])


def test_an_interrupted_run_resumes_with_the_same_result(
    few: dataset.Scenes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = training.train(RECIPE, few, tmp_path / "whole", silent)
    assert not (tmp_path / "whole").exists()

    monkeypatch.setattr(training, "_SAVE_EVERY", 1)
    monkeypatch.setattr(training, "_SHOW_EVERY", 1)
    reached = []

    def stop(task: str, done: int, wanted: int, note: str) -> None:
        reached.append(done)
        if done == 2 and reached.count(2) == 1:
            raise Stopped

    with pytest.raises(Stopped):
        training.train(RECIPE, few, tmp_path / "stopped", stop)
    again, _ = training.train(RECIPE, few, tmp_path / "stopped", stop)
    assert reached == [1, 2, 2, 3]
    assert (values(whole) == values(again)).all()


def test_training_from_a_start_changes_all_but_the_stem(
    few: dataset.Scenes, tmp_path: Path
) -> None:
    start = Detector(7)
    before, stem = values(start), [v.numpy() for b in start.stem for v in b.variables]
    trained, _ = training.train(RECIPE, few, tmp_path / "state", silent, start)
    assert (values(start) == before).all()
    kept = [v.numpy() for block in trained.stem for v in block.variables]
    assert all(np.allclose(one, other) for one, other in zip(stem, kept, strict=True))
    names = {id(v) for block in trained.stem for v in block.variables}
    pairs = zip(start.trainable_variables, trained.trainable_variables, strict=True)
    rest = [(one, other) for one, other in pairs if id(other) not in names]
    assert all((one.numpy() != other.numpy()).any() for one, other in rest)
    assert max(np.abs(one.numpy() - other.numpy()).max() for one, other in rest) < 0.1


def test_training_reduces_the_loss(few: dataset.Scenes) -> None:
    trainer = training.Trainer(Recipe(steps=100, batch=2, warmup=1, rate=5e-3))
    batch = [tf.constant(part[:2]) for part in (few.pictures, few.boxes, few.labels)]
    losses = [sum(float(part) for part in trainer.learn(*batch)) for _ in range(10)]
    assert np.mean(losses[-4:]) < 0.85 * np.mean(losses[:4])


def test_each_epoch_has_every_scene_once_in_a_new_order(few: dataset.Scenes) -> None:
    numbered = dataset.Scenes(np.arange(8), few.boxes, few.labels)
    recipe = Recipe(steps=8, batch=2)
    seen = [tuple(pictures.tolist()) for pictures, _, _ in training.batches(numbered, recipe)]
    assert sorted(sum(seen[:4], ())) == sorted(sum(seen[4:], ())) == list(range(8))
    assert seen[:4] != seen[4:]
    late = [tuple(p.tolist()) for p, _, _ in training.batches(numbered, recipe, start=5)]
    assert late == seen[5:]


def test_a_seed_gives_one_network() -> None:
    assert (values(Detector(3)) == values(Detector(3))).all()
    assert (values(Detector(3)) != values(Detector(4))).any()


@pytest.mark.parametrize("block", [Conv(6, 6, 3), Depthwise(6, 3)])
def test_inference_uses_the_moving_statistics(block: Normalized) -> None:
    rng = np.random.default_rng(1)
    for variable in (block.gamma, block.beta, block.mean, block.variance):
        variable.assign(rng.uniform(0.5, 1.5, 6))
    features = tf.constant(rng.normal(0, 3, (2, 8, 8, 6)), tf.float32)
    convolved = block.convolve(features, block.kernel).numpy()
    spread = np.sqrt(block.variance.numpy() + 1e-3)
    normal = (convolved - block.mean.numpy()) / spread * block.gamma.numpy() + block.beta.numpy()
    assert np.abs(block(features).numpy() - np.maximum(normal, 0)).max() < 1e-4


def test_folding_does_not_change_the_outputs(few: dataset.Scenes) -> None:
    network = Detector(1)
    for variable in network.variables:
        noise = tf.random.stateless_uniform(variable.shape, (1, 2), 0.7, 1.3)
        variable.assign(variable * noise)
    pictures = tf.constant(few.pictures[:2], tf.float32)
    before = [part.numpy() for part in network(pictures)]
    network.fold()
    after = [part.numpy() for part in network(pictures)]
    for one, other in zip(before, after, strict=True):
        assert np.abs(one - other).max() < 1e-3
