"""The training loop: scenes in, a network of averaged weights out."""

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
    """A network, its optimizer, and the moving average of its weights."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = Detector(recipe.seed)
        self.averaged = Detector(recipe.seed)
        self.adam = Adam(list(self.network.trainable_variables), recipe)
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.seconds = tf.Variable(0.0, dtype=tf.float64, trainable=False)

    @tf.function
    def learn(self, pictures: Tensor, boxes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step on a batch of uint8 scenes; gives the two parts of the loss."""
        seed = tf.stack([self.recipe.seed, tf.cast(self.step, tf.int32)])
        inputs, truth = augment(pictures, Truth(boxes, labels), seed)
        with tf.GradientTape() as tape:
            logits, distances = self.network(inputs, training=True)
            wrong, off = loss(logits, distances, truth)
            total = wrong + off
        gradients = tape.gradient(total, self.adam.trained)
        self.adam.apply(gradients, tf.cast(self.step, tf.float32))
        self._average()
        self.step.assign_add(1)
        return wrong, off

    def _average(self) -> None:
        """Follows the weights, closely at first, for those of the start are worth little."""
        done = tf.cast(self.step, tf.float32)
        keep = tf.minimum(self.recipe.averaging, (1.0 + done) / (10.0 + done))
        for mean, value in zip(self.averaged.variables, self.network.variables, strict=True):
            mean.assign(mean * keep + value * (1.0 - keep))


class Diary:
    """What a run of one recipe has come to, kept on disk, so that it can go on after a stop."""

    def __init__(self, trainer: Trainer, folder: Path) -> None:
        self._folder = folder
        self._state = tf.train.Checkpoint(trainer=trainer)

    def read(self) -> None:
        """Goes on where a run that was stopped had got to. What does not fit is left alone."""
        if (self._folder / "state.index").exists():
            self._state.read(str(self._folder / "state")).assert_consumed()

    def write(self) -> None:
        """Keeps the state, in place of the one before."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._state.write(str(self._folder / "next"))
        for file in sorted(self._folder.glob("next.*"), reverse=True):
            file.replace(file.with_name(file.name.replace("next", "state", 1)))

    def close(self) -> None:
        """Forgets the run: it is done."""
        shutil.rmtree(self._folder, ignore_errors=True)


def train(
    recipe: Recipe, scenes: dataset.Scenes, folder: Path, progress: Progress
) -> tuple[Detector, float]:
    """Trains, or goes on training if `folder` says that a run of this recipe was stopped.

    Returns the network of averaged weights, and the seconds that training took.
    """
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(recipe.seed)
    trainer = Trainer(recipe)
    diary = Diary(trainer, folder)
    diary.read()
    start, before = int(trainer.step), float(trainer.seconds)
    began = time.monotonic()
    for step, batch in enumerate(batches(scenes, recipe, start), start + 1):
        wrong, off = trainer.learn(*batch)
        if step % _SHOW_EVERY == 0 or step == recipe.steps:
            note = f"classes {float(wrong):.2f}  boxes {float(off):.2f}"
            progress("training", step, recipe.steps, note)
        trainer.seconds.assign(before + time.monotonic() - began)
        if step % _SAVE_EVERY == 0:
            diary.write()
    diary.close()
    return trainer.averaged, float(trainer.seconds)


def batches(
    scenes: dataset.Scenes, recipe: Recipe, start: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The recipe's batches from number `start` on, the scenes in a new order each time round."""
    rng = np.random.default_rng(recipe.seed)
    count = len(scenes.labels)
    a_round = count // recipe.batch
    for number in range(recipe.steps):
        if number % a_round == 0:
            order = rng.permutation(count)
        if number >= start:
            at = number % a_round * recipe.batch
            chosen = np.sort(order[at : at + recipe.batch])
            yield scenes.pictures[chosen], scenes.boxes[chosen], scenes.labels[chosen]
