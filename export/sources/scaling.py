"""Scale pixels to the values that a model was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from export.contract import Tensor

CHANNELS = ("rgb", "bgr")


@dataclass(frozen=True)
class Scaling:
    """``(x - mean) / std`` for pixels ``x`` in 0..255, followed by the order of the channels.

    ``mean``, ``std``: one value for all channels, or three in the order red, green, blue,
    whatever order the model expects. ``bgr``: blue first.
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    bgr: bool = False

    def __call__(self, pixels: Tensor, spec: tf.TensorSpec) -> Tensor:
        """Convert RGB float32 ``[N, H, W, 3]`` in 0..255 to the dtype and channels of ``spec``."""
        if spec.shape[-1] == 1:
            pixels = tf.image.rgb_to_grayscale(pixels)
        if self.bgr:
            pixels = pixels[..., ::-1]
        if self.changes_values:
            mean, std = (tf.constant(self._ordered(values)) for values in (self.mean, self.std))
            pixels = (pixels - mean) / std
        if spec.dtype.is_integer:
            return tf.cast(tf.round(pixels), spec.dtype)
        return tf.cast(pixels, spec.dtype)

    def __str__(self) -> str:
        formula = f"(x - {_text(self.mean)}) / {_text(self.std)}"
        text = formula if self.changes_values else "none"
        return f"{text}, BGR" if self.bgr else text

    @property
    def changes_values(self) -> bool:
        """Whether pixels get other values, and not only another order of channels."""
        return any(self.mean) or any(value != 1 for value in self.std)

    def _ordered(self, values: tuple[float, ...]) -> tuple[float, ...]:
        return values[::-1] if self.bgr else values


_NAMED = {
    "0..1": Scaling(std=(255.0,)),
    "-1..1": Scaling(mean=(127.5,), std=(127.5,)),
    "imagenet": Scaling(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)),
    "none": Scaling(),
}
NAMES = tuple(_NAMED)


def named(name: str, bgr: bool = False) -> Scaling:
    """Return one of the scalings in ``NAMES``."""
    return Scaling(_NAMED[name].mean, _NAMED[name].std, bgr)


def _text(values: tuple[float, ...]) -> str:
    numbers = [f"{value:g}" for value in values]
    return numbers[0] if len(set(numbers)) == 1 else f"[{', '.join(numbers)}]"
