"""Where a frame lies in the model's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from server.backend.contract import PixelsInput
from server.core.messages import Frame

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in the model's input, in fractions of that input."""

    left: float
    top: float
    width: float
    height: float

    def crop(self, pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return the part of a map [H,W] over the input that the frame covers: at least a pixel."""
        height, width = pixels.shape
        return pixels[_span(self.top, self.height, height), _span(self.left, self.width, width)]


def _span(start: float, length: float, size: int) -> slice:
    first = min(round(start * size), size - 1)
    return slice(first, max(first + 1, round((start + length) * size)))


WHOLE = Placement(0.0, 0.0, 1.0, 1.0)


def target_size(frame: Frame, wanted: PixelsInput) -> Size:
    """Return the size of the input that ``frame`` is drawn into, in pixels."""
    width, height = frame.upright_size
    return wanted.width or width, wanted.height or height


def place(frame: Frame, wanted: PixelsInput, size: Size) -> tuple[Placement, Size]:
    """Return where in an input of ``size`` the upright frame goes, and its size there in pixels."""
    if wanted.resize == "stretch":
        return WHOLE, size
    width, height = size
    own_width, own_height = frame.upright_size
    scale = min(width / own_width, height / own_height)
    inner = (
        min(width, max(1, round(own_width * scale))),
        min(height, max(1, round(own_height * scale))),
    )
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    placement = Placement(left / width, top / height, inner[0] / width, inner[1] / height)
    return placement, inner
