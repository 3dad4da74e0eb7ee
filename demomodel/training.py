"""The training loop: from scenes to a network with averaged weights."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from demomodel import dataset
from demomodel.augmentation import augment
from demomodel.dataset import Progress
from demomodel.loss import Truth, loss
from demomodel.network import Detector, Tensor
from demomodel.optimizer import Adam
from demomodel.recipe import Recipe

_SAVE_EVERY = 500
_SHOW_EVERY = 25


class Trainer(tf.Module):
    """A network, its optimizer and the moving average of its weights.

    ``start``: a trained network to begin with; its stem stays as it is, which saves a third of the
    time.
    """

    def __init__(self, recipe: Recipe, start: Detector | None = None) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = Detector(recipe.seed)
        self.averaged = Detector(recipe.seed)
        if start is not None:
            _adopt(start, self.network, self.averaged)
        self.adam = Adam(self.network.trained(), recipe)
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.seconds = tf.Variable(0.0, dtype=tf.float64, trainable=False)

    @tf.function
    def learn(self, pictures: Tensor, boxes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Train one step on a batch of uint8 scenes. Return the class loss and the box loss."""
        seed = tf.stack([self.recipe.seed, tf.cast(self.step, tf.int32)])
        inputs, truth = augment(pictures, Truth(boxes, labels), seed)
        with tf.GradientTape() as tape:
            logits, distances = self.network(inputs, training=True)
            class_loss, box_loss = loss(logits, distances, truth)
            total = class_loss + box_loss
        gradients = tape.gradient(total, self.adam.trained)
        self.adam.apply(gradients, tf.cast(self.step, tf.float32))
        self._average()
        self.step.assign_add(1)
        return class_loss, box_loss

    def _average(self) -> None:
        """Update the averaged weights; closely at first, because early weights are worth little."""
        done = tf.cast(self.step, tf.float32)
        keep = tf.minimum(self.recipe.averaging, (1.0 + done) / (10.0 + done))
        for mean, value in zip(self.averaged.variables, self.network.variables, strict=True):
            mean.assign(mean * keep + value * (1.0 - keep))


def _adopt(start: Detector, *networks: Detector) -> None:
    """Give ``networks`` the weights of ``start``, and freeze their stems."""
    for network in networks:
        network.frozen_stem = True
        for variable, value in zip(network.variables, start.variables, strict=True):
            variable.assign(value)


class SavedState:
    """The state of a run on disk, so that an interrupted run can resume."""

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        self._folder = folder
        self._state = tf.train.Checkpoint(trainer=trainer)

    def read(self) -> None:
        """Resume from the saved state, if there is one."""
        if (self._folder / "state.index").exists():
            self._state.read(str(self._folder / "state")).assert_consumed()

    def write(self) -> None:
        """Save the state and replace the previous one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._state.write(str(self._folder / "next"))
        for file in sorted(self._folder.glob("next.*"), reverse=True):
            file.replace(file.with_name(file.name.replace("next", "state", 1)))

    def close(self) -> None:
        """Remove the state when the run is complete."""
        shutil.rmtree(self._folder, ignore_errors=True)


def train(
    recipe: Recipe,
    scenes: dataset.Scenes,
    folder: Path,
    progress: Progress,
    start: Detector | None = None,
) -> tuple[Detector, float]:
    """Train, or resume the run whose state is in ``folder``.

    ``start``: the network to begin with; by default one with random weights.
    Return the network with averaged weights, and how long training took in seconds.
    """
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(recipe.seed)
    trainer = Trainer(recipe, start)
    saved = SavedState(trainer, folder)
    saved.read()
    done, before = int(trainer.step), float(trainer.seconds)
    began = time.monotonic()
    for step, batch in enumerate(batches(scenes, recipe, done), done + 1):
        class_loss, box_loss = trainer.learn(*batch)
        if step % _SHOW_EVERY == 0 or step == recipe.steps:
            note = f"classes {float(class_loss):.2f}  boxes {float(box_loss):.2f}"
            progress("training", step, recipe.steps, note)
        trainer.seconds.assign(before + time.monotonic() - began)
        if step % _SAVE_EVERY == 0:
            saved.write()
    saved.close()
    return trainer.averaged, float(trainer.seconds)


def batches(
    scenes: dataset.Scenes, recipe: Recipe, start: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield the recipe's batches from number ``start`` on; each epoch has a new order."""
    rng = np.random.default_rng(recipe.seed)
    count = len(scenes.labels)
    epoch = count // recipe.batch
    for number in range(recipe.steps):
        if number % epoch == 0:
            order = rng.permutation(count)
        if number >= start:
            at = number % epoch * recipe.batch
            chosen = np.sort(order[at : at + recipe.batch])
            yield scenes.pictures[chosen], scenes.boxes[chosen], scenes.labels[chosen]
