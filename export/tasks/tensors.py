"""Models whose outputs the contract does not define: they are passed on unchanged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from export.contract import Outputs, Tensor
from export.tasks.task import PlainTask


@dataclass(frozen=True)
class Tensors(PlainTask):
    """A model of no other task. ``names``: its outputs."""

    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    first_class: int = 0
    classes: int | None = None

    name: str = "tensors"

    def reads(self) -> Collection[str]:
        return self.names

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        return dict(outputs)
