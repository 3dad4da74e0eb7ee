"""``python -m tests.tutorials.flowers flowers.keras``: a classifier as a first course trains it.

Images of 180x180 in 0..255 are augmented, scaled, and passed through three convolutions and two
dense layers, which end in a logit for each of five flowers. The weights are random, so the scores
mean nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from export.commands.loading import load_tensorflow

load_tensorflow()
import keras  # noqa: E402
from keras import initializers, layers  # noqa: E402

SIDE, CLASSES = 180, 5


def conv(seed: int, channels: int) -> keras.layers.Layer:
    """Return a convolution with ReLU."""
    weights = initializers.HeNormal(seed)
    return layers.Conv2D(channels, 3, padding="same", activation="relu", kernel_initializer=weights)


def main(file: Path) -> None:
    """Write the model."""
    dense = initializers.HeNormal(4)
    model = keras.Sequential(
        [
            keras.Input([SIDE, SIDE, 3]),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(0.1),
            layers.Rescaling(1 / 255),
            conv(1, 16),
            layers.MaxPooling2D(),
            conv(2, 32),
            layers.MaxPooling2D(),
            conv(3, 64),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(128, activation="relu", kernel_initializer=dense),
            layers.Dense(CLASSES, kernel_initializer=initializers.HeNormal(5)),
        ]
    )
    model.save(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
