"""Where a checkpoint is, and what makes it that one and no other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from export.errors import CheckpointError

STEM = "weights"
"""The name of the checkpoint in a folder of its own."""


@dataclass(frozen=True)
class Checkpoint:
    """A TensorFlow checkpoint: `prefix` is what its files' names have in common."""

    prefix: Path

    @property
    def name(self) -> str:
        """What people call it: its folder's name where its own says nothing."""
        return self.prefix.parent.name if self.prefix.name == STEM else self.prefix.name

    def files(self) -> list[Path]:
        """The index and the data."""
        found = sorted(self.prefix.parent.glob(f"{self.prefix.name}.data-*"))
        return [self.prefix.with_name(f"{self.prefix.name}.index"), *found]

    def digest(self) -> str:
        """SHA-256 over its files, in hexadecimal."""
        whole = hashlib.sha256()
        for file in self.files():
            whole.update(file.read_bytes())
        return whole.hexdigest()


def find(place: Path) -> Checkpoint:
    """The checkpoint at `place`: a folder that holds one, or a prefix, with `.index` or without.

    Raises CheckpointError.
    """
    if place.is_dir():
        indices = sorted(place.glob("*.index"))
        if len(indices) != 1:
            count = f"{len(indices)} checkpoints" if indices else "no checkpoint"
            raise CheckpointError(f"there is {count} in {place}; one *.index file is needed")
        return Checkpoint(indices[0].with_suffix(""))
    prefix = place.with_suffix("") if place.suffix == ".index" else place
    found = Checkpoint(prefix)
    if not all(file.is_file() for file in found.files()) or len(found.files()) < 2:
        raise CheckpointError(f"there is no checkpoint {place}")
    return found
