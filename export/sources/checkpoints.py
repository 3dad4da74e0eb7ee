"""Find a TensorFlow checkpoint by its prefix, one of its files, or its directory."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from export.errors import CheckpointError
from export.paths import is_resource_fork
from export.sources import checkpoint_state
from export.sources.fingerprint import sha256
from export.sources.formats import Format, format_of
from export.suggestions import listed

WEIGHTS = "weights"
"""A prefix that says nothing; a checkpoint of this name is known by its directory."""

_PART = re.compile(r"(\.(index|meta|data-\d{5}-of-\d{5})|-\d{5}-of-\d{5})$")
_SHARD = re.compile(r"-\d{5}-of-(\d{5})$")
_DATA = ".data"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint: ``prefix`` is what the names of its files have in common.

    Before TensorFlow 0.12, there was no index: all values were in one file, which is named like
    the prefix, or in files such as ``prefix-00000-of-00002``.
    ``notes``: remarks on how it was found, one line each.
    """

    prefix: Path
    notes: tuple[str, ...] = field(default=(), compare=False)

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
        """Return the index and the data files, or the files of an old checkpoint."""
        if not self.index.exists() and self.prefix.is_file():
            return [self.prefix]
        if self.is_old():
            return _shards(self.prefix, "")
        return [self.index, *_shards(self.prefix, _DATA)]

    def is_old(self) -> bool:
        """Return whether it has several files, and no index. TFRecords are named like that, too."""
        shards = [] if self.index.exists() else _shards(self.prefix, "")
        return bool(shards) and format_of(shards[0]) == Format.CHECKPOINT

    def is_whole(self) -> bool:
        """Return whether its values are there."""
        if self.files() == [self.prefix]:
            return True
        return (self.index.is_file() or self.is_old()) and any(
            all(one.is_file() for one in parts) for parts in self.parts()
        )

    def parts(self) -> list[list[Path]]:
        """Return all data files that belong to each one that is there, usually the same."""
        name = self.prefix.name + ("" if self.is_old() else _DATA)
        return [
            [self.prefix.with_name(f"{name}-{at:05d}-of-{count}") for at in range(int(count))]
            for count in self._counts()
        ]

    def _counts(self) -> list[str]:
        """Return how many data files there should be: one number, unless copies are mixed."""
        shards = (_SHARD.search(path.name) for path in self.files())
        return sorted({shard[1] for shard in shards if shard})

    def pattern(self) -> Path:
        """Return what TensorFlow finds it by: its prefix, or a pattern for old data files."""
        if not self.is_old():
            return self.prefix
        return self.prefix.with_name(f"{self.prefix.name}-?????-of-{self._counts()[0]}")

    def digest(self) -> str:
        """Return the hexadecimal SHA-256 of its files."""
        return sha256(self.files())


def find(path: Path) -> Checkpoint:
    """Return the checkpoint at ``path``.

    In a directory, that is the latest checkpoint according to the file ``checkpoint``, or the only
    one. Raise ``CheckpointError`` if there is none or several.
    """
    checkpoint = _in_folder(path) if path.is_dir() else at(path)
    if not checkpoint.is_whole():
        raise CheckpointError(_what_is_missing(path, checkpoint))
    return checkpoint


def at(path: Path) -> Checkpoint:
    """Return the checkpoint that a prefix or the name of one of its files means."""
    name = _PART.sub("", path.name)
    if not name and path.name:
        raise CheckpointError(
            f"{path} is of a checkpoint without a name; rename its files to model.index, "
            "model.meta and so on"
        )
    return Checkpoint(path.with_name(name)) if name else Checkpoint(path)


def indexes(folder: Path) -> list[Path]:
    """Return the indexes of the checkpoints in a directory."""
    return [path for path in sorted(folder.glob("*.index")) if not is_resource_fork(path)]


def _shards(prefix: Path, kind: str) -> list[Path]:
    """Return the data files. The name may contain characters that a glob would interpret."""
    start = f"{prefix.name}{kind}"
    if not prefix.parent.is_dir():
        return []
    return sorted(
        path
        for path in prefix.parent.iterdir()
        if path.name.startswith(start) and _SHARD.fullmatch(path.name, len(start))
    )


def _what_is_missing(path: Path, checkpoint: Checkpoint) -> str:
    if checkpoint.parts() and (checkpoint.index.is_file() or checkpoint.is_old()):
        missing = [one.name for one in checkpoint.parts()[0] if not one.is_file()]
        return f"the checkpoint {checkpoint.prefix} is incomplete: {listed(missing)} is missing"
    if checkpoint.index.is_file():
        return f"the checkpoint {checkpoint.prefix} has no data files (.data-*)"
    if checkpoint.meta.is_file() or _shards(checkpoint.prefix, _DATA):
        return (
            f"the checkpoint {checkpoint.prefix} is incomplete: its index "
            f"({checkpoint.index.name}) is missing; copy all of its files"
        )
    return f"there is no checkpoint at {path}"


def _in_folder(folder: Path) -> Checkpoint:
    """Return the latest checkpoint that is whole, as the file ``checkpoint`` lists them.

    The directory may have been moved since, even from another system, so the files that are there
    count more than the paths in the list.
    """
    state = checkpoint_state.read(folder / "checkpoint")
    files = [path for path in folder.iterdir() if not is_resource_fork(path)]
    parts = {at(path).prefix for path in files if _PART.search(path.name)}
    whole = [one for prefix in sorted(parts) if (one := Checkpoint(prefix)).is_whole()]
    for latest in checkpoint_state.places(folder, state.latest):
        if Checkpoint(latest).is_whole():
            if latest.is_relative_to(folder):
                return Checkpoint(latest)
            if not parts:  # otherwise they are a copy of it that is not whole, or others
                return Checkpoint(latest, (f"the latest checkpoint is in {latest.parent}",))
    if len(whole) == 1:
        return Checkpoint(whole[0].prefix, _replacement(whole[0], state.latest))
    gone = f"; the latest, {state.latest}, is not there" if state.latest else ""
    if whole:
        names = listed(sorted(one.prefix.name for one in whole))
        raise CheckpointError(
            f"there are {len(whole)} checkpoints in {folder}{gone}; name one of them: {names}"
        )
    if len(parts) == 1:
        return Checkpoint(parts.pop())
    raise CheckpointError(f"there is no checkpoint in {folder}{gone}")


def _replacement(found: Checkpoint, latest: str | None) -> tuple[str, ...]:
    if latest is None:
        return ()
    return (f"the latest checkpoint, {latest}, is not there; {found.prefix.name} was taken",)
