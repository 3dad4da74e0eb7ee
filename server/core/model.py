"""What a session asks for, and what the gateway has learnt about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Task = Literal["detection", "classification", "tensors"]
Resize = Literal["stretch", "letterbox"]


class ModelKey(NamedTuple):
    """A model as a client names it: by label, by version, or (neither) the newest."""

    name: str
    label: str | None = None
    version: int | None = None

    def __str__(self) -> str:
        if self.label is not None:
            return f"{self.name}:{self.label}"
        return self.name if self.version is None else f"{self.name}/{self.version}"


class Lane(NamedTuple):
    """Frames of one lane may share a batch: one model, one label or version, one signature.

    ``max_batch`` is the bound that the signature itself sets (1 where its batch
    dimension is fixed at 1), None where it sets none. ``alone``: frames travel one by
    one, in one call at a time, because they are costly to decode.
    """

    model: ModelKey
    signature: str
    max_batch: int | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model as discovered, for one version.

    ``lanes`` maps each frame format that the model takes to the lane that such
    frames travel in. ``width`` and ``height`` (pixels) tell a client what size
    is worth sending; None where the model takes any size. ``resize`` says how a frame
    of another aspect is fitted to it.
    """

    key: ModelKey
    version: int
    task: Task
    labels: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    resize: Resize = "stretch"

    @property
    def formats(self) -> tuple[str, ...]:
        """The frame formats that this model takes."""
        return tuple(self.lanes)
