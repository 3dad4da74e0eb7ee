"""The training loop: scenes in, a checkpoint of averaged weights out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from export import dataset
from export.augmentation import augment
from export.loss import Truth, loss
from export.network import Detector, Tensor


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what training comes to."""

    seed: int = 1
    steps: int = 8000
    batch: int = 32
    scenes: int = 20000
    rate: float = 2e-3
    warmup: int = 300
    decay: float = 0.02
    averaging: float = 0.998
    save_every: int = 500


class Trainer:
    """A network, its optimizer, and the moving average of its weights."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.network = Detector(recipe.seed)
        self.averaged = Detector(recipe.seed)
        self.adam = Adam(self.network, recipe)
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)

    @tf.function(jit_compile=False)
    def learn(self, pictures: Tensor, boxes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step on a batch of uint8 scenes; gives the two parts of the loss."""
        seed = tf.stack([self.recipe.seed, tf.cast(self.step, tf.int32)])
        inputs, truth = augment(pictures, Truth(boxes, labels), seed)
        with tf.GradientTape() as tape:
            logits, distances = self.network(inputs, training=True)
            wrong, off = loss(logits, distances, truth)
            total = wrong + off
        gradients = tape.gradient(total, self.adam.variables)
        self.adam.apply(gradients, tf.cast(self.step, tf.float32))
        self._average()
        self.step.assign_add(1)
        return wrong, off

    def _average(self) -> None:
        done = tf.cast(self.step, tf.float32)
        keep = tf.minimum(self.recipe.averaging, (1.0 + done) / (10.0 + done))
        for mean, value in zip(self.averaged.variables, self.network.variables, strict=True):
            mean.assign(mean * keep + value * (1.0 - keep))


class Adam(tf.Module):
    """Adam with decoupled weight decay, and a rate that rises for a while, then falls as a cosine.

    Only kernels decay: what scales and shifts channels is left alone.
    """

    def __init__(self, network: Detector, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.variables_ = list(network.trainable_variables)
        self.first = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]
        self.second = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]

    @property
    def variables(self) -> list[tf.Variable]:
        return self.variables_

    def rate(self, step: Tensor) -> Tensor:
        rising = (step + 1.0) / self.recipe.warmup
        done = (step - self.recipe.warmup) / max(1, self.recipe.steps - self.recipe.warmup)
        falling = 0.5 * (1.0 + tf.cos(np.pi * tf.clip_by_value(done, 0.0, 1.0)))
        return self.recipe.rate * tf.minimum(rising, tf.maximum(falling, 0.005))

    def apply(self, gradients: list[Tensor], step: Tensor) -> None:
        gradients, _ = tf.clip_by_global_norm(gradients, 10.0)
        rate = self.rate(step)
        correction = tf.sqrt(1.0 - 0.999 ** (step + 1.0)) / (1.0 - 0.9 ** (step + 1.0))
        for i, (variable, gradient) in enumerate(zip(self.variables, gradients, strict=True)):
            self.first[i].assign(0.9 * self.first[i] + 0.1 * gradient)
            self.second[i].assign(0.999 * self.second[i] + 0.001 * tf.square(gradient))
            change = correction * self.first[i] / (tf.sqrt(self.second[i]) + 1e-8)
            if variable.shape.rank > 1:
                change += self.recipe.decay * variable
            variable.assign_sub(rate * change)


def batches(scenes: dataset.Scenes, recipe: Recipe) -> Iterator[tuple[np.ndarray, ...]]:
    """Batches without end, the scenes in a new order each time round."""
    rng = np.random.default_rng(recipe.seed)
    count = len(scenes.labels)
    while True:
        order = rng.permutation(count)
        for start in range(0, count - recipe.batch + 1, recipe.batch):
            chosen = np.sort(order[start : start + recipe.batch])
            yield scenes.pictures[chosen], scenes.boxes[chosen], scenes.labels[chosen]


def train(recipe: Recipe, cache: Path, target: Path) -> float:
    """Trains from scratch and keeps the averaged weights at `target`. Returns the seconds taken."""
    began = time.monotonic()
    tf.random.set_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns) as progress:
        scenes = _scenes(recipe, cache, progress)
        bar = progress.add_task("training", total=recipe.steps, note="")
        trainer = Trainer(recipe)
        source = batches(scenes, recipe)
        for step in range(1, recipe.steps + 1):
            wrong, off = trainer.learn(*next(source))
            if step % 50 == 0:
                note = f"classes {float(wrong):.3f}, boxes {float(off):.3f}"
                progress.update(bar, completed=step, note=note)
                if not progress.console.is_terminal:
                    print(f"step {step}: {note}, {time.monotonic() - began:.0f} s", flush=True)
            if step % recipe.save_every == 0 or step == recipe.steps:
                save(trainer.averaged, target)
    return time.monotonic() - began


def save(network: Detector, target: Path) -> None:
    """Writes the network's weights, and nothing else, as the TensorFlow checkpoint `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    tf.train.Checkpoint(network=network).write(str(target))


def restore(source: Path) -> Detector:
    """The network with the weights of that checkpoint. Raises if they don't fit."""
    network = Detector()
    tf.train.Checkpoint(network=network).read(str(source)).assert_consumed()
    return network


def _scenes(recipe: Recipe, cache: Path, progress: Progress) -> dataset.Scenes:
    bar = progress.add_task("rendering", total=recipe.scenes, note="")
    plan = dataset.Plan("training", recipe.seed, recipe.scenes)

    def done(count: int, _: int) -> None:
        progress.update(bar, completed=count)

    return dataset.load(plan, cache, done)
