"""Find a TensorFlow checkpoint by its prefix, one of its files, or its directory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from export.errors import CheckpointError
from export.sources.fingerprint import sha256

WEIGHTS = "weights"
"""A prefix that says nothing; a checkpoint of this name is known by its directory."""

_PART = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_LATEST = re.compile(r'^model_checkpoint_path: "(.*)"$', re.MULTILINE)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint: ``prefix`` is what the names of its files have in common."""

    prefix: Path

    @property
    def name(self) -> str:
        """The name to show: the prefix, or the directory's name if the prefix says nothing."""
        return self.prefix.parent.name if self.prefix.name == WEIGHTS else self.prefix.name

    @property
    def meta(self) -> Path:
        """The file with the graph of a TensorFlow 1 checkpoint."""
        return self.prefix.with_name(f"{self.prefix.name}.meta")

    @property
    def index(self) -> Path:
        """The file with the index of the variables."""
        return self.prefix.with_name(f"{self.prefix.name}.index")

    def files(self) -> list[Path]:
        """Return the index and the data files."""
        return [self.index, *sorted(self.prefix.parent.glob(f"{self.prefix.name}.data-*"))]

    def digest(self) -> str:
        """Return the hexadecimal SHA-256 of its files."""
        return sha256(self.files())


def find(path: Path) -> Checkpoint:
    """Return the checkpoint at ``path``.

    In a directory, that is the latest checkpoint according to the file ``checkpoint``, or the only
    one. Raise ``CheckpointError`` if there is none or several.
    """
    checkpoint = _in_folder(path) if path.is_dir() else at(path)
    if not checkpoint.index.is_file():
        raise CheckpointError(f"there is no checkpoint at {path}")
    if len(checkpoint.files()) < 2:
        raise CheckpointError(f"the checkpoint {checkpoint.prefix} has no data files (.data-*)")
    return checkpoint


def at(path: Path) -> Checkpoint:
    """Return the checkpoint that a prefix or the name of one of its files means."""
    return Checkpoint(path.with_name(_PART.sub("", path.name)))


def _in_folder(folder: Path) -> Checkpoint:
    state = folder / "checkpoint"
    latest = _LATEST.search(state.read_text("utf-8", "replace")) if state.is_file() else None
    if latest is not None:
        # The directory may have been moved since, so only the file name counts.
        return Checkpoint(folder / Path(latest[1]).name)
    indices = sorted(folder.glob("*.index"))
    if len(indices) > 1:
        raise CheckpointError(f"there are {len(indices)} checkpoints in {folder}; name one of them")
    if not indices:
        raise CheckpointError(f"there is no checkpoint in {folder}")
    return Checkpoint(indices[0].with_suffix(""))
