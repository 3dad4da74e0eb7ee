"""The detector's network: an image in, scores and a box for each cell of a grid out.

It is a one-shot detector without anchors. Each cell predicts a score for each digit, and how far
the four sides of the digit are from the center of the cell.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

INPUT_SIZE = 192
"""Width and height of the network's input in pixels."""

STRIDE = 8
"""The distance between cells in pixels."""

CELLS = INPUT_SIZE // STRIDE

LABELS = tuple("0123456789")

PRIOR = 0.01
"""The score of an untrained cell; low, so that the many empty cells do not dominate at first."""

Tensor = Any
"""A ``tf.Tensor``; TensorFlow ships no type annotations."""


class Normalized(tf.Module):
    """A convolution, batch normalization and ReLU; outside training the first two are fused."""

    def __init__(self, kernel: Tensor, outputs: int, stride: int) -> None:
        super().__init__()
        self.kernel = tf.Variable(kernel, name="kernel")
        self.gamma = tf.Variable(tf.ones([outputs]), name="gamma")
        self.beta = tf.Variable(tf.zeros([outputs]), name="beta")
        self.mean = tf.Variable(tf.zeros([outputs]), trainable=False, name="mean")
        self.variance = tf.Variable(tf.ones([outputs]), trainable=False, name="variance")
        self.stride = stride
        self.folded: tuple[Tensor, Tensor] | None = None

    def __call__(self, features: Tensor, training: bool = False) -> Tensor:
        if training:
            return tf.nn.relu(self._normalized(self.convolve(features, self.kernel)))
        kernel, bias = self.folded or self._fold()
        return tf.nn.relu(tf.nn.bias_add(self.convolve(features, kernel), bias))

    def fold(self) -> None:
        """Replace all variables with one constant kernel and bias, for inference only."""
        kernel, bias = self._fold()
        self.folded = (kernel.numpy(), bias.numpy())

    def _fold(self) -> tuple[Tensor, Tensor]:
        scale = self.gamma * tf.math.rsqrt(self.variance + _EPSILON)
        return self.scaled(scale), self.beta - self.mean * scale

    def convolve(self, features: Tensor, kernel: Tensor) -> Tensor:
        """Apply the convolution."""
        return tf.nn.conv2d(features, kernel, self.stride, "SAME")

    def scaled(self, scale: Tensor) -> Tensor:
        """Return the kernel with each output channel multiplied by ``scale``."""
        return self.kernel * scale

    def _normalized(self, features: Tensor) -> Tensor:
        features, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            features, self.gamma, self.beta, epsilon=_EPSILON, is_training=True
        )
        self.mean.assign_add((mean - self.mean) * _STATISTICS_RATE)
        self.variance.assign_add((variance - self.variance) * _STATISTICS_RATE)
        return features


class Conv(Normalized):
    """A full convolution from ``inputs`` to ``outputs`` channels."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        deviation = (2.0 / (size * size * inputs)) ** 0.5
        kernel = tf.random.stateless_normal([size, size, inputs, outputs], _next_seed())
        super().__init__(kernel * deviation, outputs, stride)


class Depthwise(Normalized):
    """A convolution of each channel by itself."""

    def __init__(self, channels: int, size: int, stride: int = 1) -> None:
        deviation = (2.0 / (size * size)) ** 0.5
        kernel = tf.random.stateless_normal([size, size, channels, 1], _next_seed())
        super().__init__(kernel * deviation, channels, stride)

    def convolve(self, features: Tensor, kernel: Tensor) -> Tensor:
        strides = [1, self.stride, self.stride, 1]
        return tf.nn.depthwise_conv2d(features, kernel, strides, "SAME")

    def scaled(self, scale: Tensor) -> Tensor:
        return self.kernel * scale[:, None]


class Separable(tf.Module):
    """A depthwise convolution, then a pointwise one; ``residual`` adds the result to the input."""

    def __init__(
        self, inputs: int, outputs: int, size: int = 3, stride: int = 1, residual: bool = False
    ) -> None:
        super().__init__()
        self.spread = Depthwise(inputs, size, stride)
        self.mix = Conv(inputs, outputs, 1)
        self.residual = residual

    def __call__(self, features: Tensor, training: bool = False) -> Tensor:
        result = self.mix(self.spread(features, training), training)
        return features + result if self.residual else result


class Predictor(tf.Module):
    """The final, linear convolution of a head."""

    def __init__(self, inputs: int, outputs: int, bias: float) -> None:
        super().__init__()
        kernel = tf.random.stateless_normal([1, 1, inputs, outputs], _next_seed(), stddev=0.01)
        self.kernel = tf.Variable(kernel, name="kernel")
        self.bias = tf.Variable(tf.fill([outputs], bias), name="bias")
        self.folded: tuple[Tensor, Tensor] | None = None

    def __call__(self, features: Tensor) -> Tensor:
        kernel, bias = self.folded or (self.kernel, self.bias)
        return tf.nn.bias_add(tf.nn.conv2d(features, kernel, 1, "SAME"), bias)

    def fold(self) -> None:
        """Replace kernel and bias with constants."""
        self.folded = (self.kernel.numpy(), self.bias.numpy())


class Detector(tf.Module):
    """The whole network.

    It maps float32 ``[N, 192, 192, 3]`` in 0..255 to logits ``[N, 24, 24, 10]`` and distances
    ``[N, 24, 24, 4]``, both float32: how far the top, left, bottom and right sides are from the
    center of the cell, in pixels, always positive.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        _seeds.start(seed)
        self.frozen_stem = False
        self.stem: list[Any] = [Conv(3, 16, 3, stride=2), Separable(16, 32, stride=2)]
        self.fine = [Separable(32, 64, stride=2), *_trunk(64, blocks=3, size=3)]
        self.coarse = [Separable(64, 128, stride=2), *_trunk(128, blocks=5, size=5)]
        self.context = [Separable(128, 128, size=5, stride=2), *_trunk(128, blocks=2, size=3)]
        self.context_back = Conv(128, 128, 1)
        self.lateral = Conv(128, 64, 1)
        self.merge = Separable(64, 64)
        self.class_tower = Separable(64, 96)
        self.box_tower = Separable(64, 48)
        self.classes = Predictor(96, len(LABELS), bias=_logit(PRIOR))
        self.sides = Predictor(48, 4, bias=0.5)

    def __call__(self, pictures: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        learning = training and not self.frozen_stem
        features = _through(self.stem, pictures / 127.5 - 1.0, learning)
        fine = _through(self.fine, features, training)
        coarse = _through(self.coarse, fine, training)
        context = _through(self.context, coarse, training)
        coarse += _doubled(self.context_back(context, training))
        merged = fine + _doubled(self.lateral(coarse, training))
        merged = self.merge(merged, training)
        logits = self.classes(self.class_tower(merged, training))
        sides = self.sides(self.box_tower(merged, training))
        return logits, tf.nn.softplus(sides) * (2.0 * STRIDE)

    def trained(self) -> list[tf.Variable]:
        """Return the variables that training changes."""
        frozen = [v.ref() for block in self.stem for v in block.variables if self.frozen_stem]
        return [v for v in self.trainable_variables if v.ref() not in frozen]

    def fold(self) -> None:
        """Replace all weights with constants, which makes inference faster."""
        for module in self.submodules:
            if isinstance(module, Normalized | Predictor):
                module.fold()

    def parameters(self) -> int:
        """Return the number of trained parameters."""
        return sum(int(tf.size(v)) for v in self.trainable_variables)


_EPSILON = 1e-3
_STATISTICS_RATE = 0.01


class _Seeds:
    """A sequence of seeds, so that a network only depends on its first seed."""

    def __init__(self) -> None:
        self.start(0)

    def start(self, seed: int) -> None:
        self.seed, self.count = seed, 0

    def next(self) -> tuple[int, int]:
        self.count += 1
        return self.seed, self.count


_seeds = _Seeds()


def _next_seed() -> tuple[int, int]:
    return _seeds.next()


def _trunk(channels: int, blocks: int, size: int) -> list[Separable]:
    return [Separable(channels, channels, size, residual=True) for _ in range(blocks)]


def _through(blocks: list[Any], features: Tensor, training: bool) -> Tensor:
    for block in blocks:
        features = block(features, training)
    return features


def _doubled(features: Tensor) -> Tensor:
    """Upsample by two (nearest neighbor)."""
    return tf.repeat(tf.repeat(features, 2, axis=1), 2, axis=2)


def _logit(probability: float) -> float:
    return math.log(probability / (1.0 - probability))
