"""How thoroughly to verify a version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

_QUICK = (1, 2, 16)
_CONSECUTIVE = 16


@dataclass(frozen=True)
class VerifyOptions:
    """What to check.

    ``full``: every batch size up to ``max_batch``, and a load by a model server; otherwise a few
    sizes in this process. ``servers``: model servers that already have the version, as
    ``HOST:PORT``, instead of a temporary one. ``model``: the model's name there. ``wait_s``: how
    long to wait for the version there.
    """

    full: bool = True
    max_batch: int = 16
    servers: Sequence[str] = field(default=())
    model: str | None = None
    wait_s: float = 30.0

    def sizes(self) -> list[int]:
        """Return the batch sizes: all up to 16, then powers of two, and the largest."""
        if not self.full:
            return sorted({size for size in (*_QUICK, self.max_batch) if size <= self.max_batch})
        sizes = set(range(1, min(self.max_batch, _CONSECUTIVE) + 1)) | {self.max_batch}
        power = _CONSECUTIVE * 2
        while power < self.max_batch:
            sizes.add(power)
            power *= 2
        return sorted(sizes)
