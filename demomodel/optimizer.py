"""The optimizer: Adam with decoupled weight decay."""

from __future__ import annotations

import math

import tensorflow as tf

from demomodel.network import Tensor
from demomodel.recipe import Recipe

_FIRST, _SECOND, _TINY = 0.9, 0.999, 1e-8
_MAX_NORM = 10.0
_FINAL = 0.005
"""The final learning rate, relative to the peak."""


class Adam(tf.Module):
    """Adam with a linear warm-up followed by cosine decay of the learning rate.

    Weight decay applies to kernels only, not to the scales and offsets of channels.
    """

    def __init__(self, trained: list[tf.Variable], recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.trained = trained
        self.first = [tf.Variable(tf.zeros_like(v), trainable=False) for v in trained]
        self.second = [tf.Variable(tf.zeros_like(v), trainable=False) for v in trained]

    def rate(self, step: Tensor) -> Tensor:
        """Return the learning rate of a step. ``step``: float32 scalar, starting at 0."""
        recipe = self.recipe
        rising = (step + 1.0) / recipe.warmup
        done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
        falling = 0.5 * (1.0 + tf.cos(math.pi * tf.clip_by_value(done, 0.0, 1.0)))
        return recipe.rate * tf.minimum(rising, tf.maximum(falling, _FINAL))

    def apply(self, gradients: list[Tensor], step: Tensor) -> None:
        """Update the variables by one step. ``gradients``: in the order of the variables."""
        gradients, _ = tf.clip_by_global_norm(gradients, _MAX_NORM)
        rate = self.rate(step)
        unbiased = tf.sqrt(1.0 - _SECOND ** (step + 1.0)) / (1.0 - _FIRST ** (step + 1.0))
        moments = zip(self.trained, self.first, self.second, gradients, strict=True)
        for variable, first, second, gradient in moments:
            first.assign(_FIRST * first + (1.0 - _FIRST) * gradient)
            second.assign(_SECOND * second + (1.0 - _SECOND) * tf.square(gradient))
            change = unbiased * first / (tf.sqrt(second) + _TINY)
            if variable.shape.rank > 1:
                change += self.recipe.decay * variable
            variable.assign_sub(rate * change)
