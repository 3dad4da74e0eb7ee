"""What the decoders of all families have in common."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from export.contract import Outputs, Tensor
from export.tasks.prototypes import Prototypes

Size = tuple[int, int]
"""Height and width of the pixels that the model sees."""


@dataclass(frozen=True)
class Candidates:
    """Decoded boxes.

    ``boxes``: float32 ``[N, A, 4]``: ymin, xmin, ymax, xmax in 0..1 of the model's input.
    ``scores``: float32 ``[N, A, C]`` with a column for each class, or ``[N, A]`` with ``classes``
    ``[N, A]``. ``prototypes``: what the masks of boxes are made of; None if there are none.
    ``corners``: float32 ``[N, A, 4, 2]``, y and x, those of rotated boxes; None if they are not.
    """

    boxes: Tensor
    scores: Tensor
    classes: Tensor | None = None
    prototypes: Prototypes | None = None
    corners: Tensor | None = None


class Decoder(Protocol):
    """Convert a model's outputs to candidates."""

    @property
    def suppressed(self) -> bool:
        """Whether the candidates need no non-maximum suppression."""

    @property
    def classes(self) -> int | None:
        """The number of classes, if scores have a column for each."""

    @property
    def masks(self) -> bool:
        """Whether the candidates have prototypes."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was recognized, one line each, for the user."""

    def reads(self) -> Collection[str]:
        """Return the names of the outputs that are decoded."""

    def __call__(self, outputs: Outputs, size: Tensor) -> Candidates:
        """Return the candidates. ``size``: int32 ``[2]``, height and width in pixels."""
