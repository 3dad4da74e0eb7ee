"""Where a checkpoint is: a prefix, one of its files, or the folder that training wrote to."""

from __future__ import annotations

import re
from pathlib import Path

from export.errors import SourceError

_PART = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
_LATEST = re.compile(r'^model_checkpoint_path: "(.*)"$', re.MULTILINE)


def checkpoint_at(path: Path) -> Path:
    """The prefix of the checkpoint at `path`. Raises SourceError if there is none, or no one."""
    prefix = _in_folder(path) if path.is_dir() else path.with_name(_PART.sub("", path.name))
    if not prefix.with_name(f"{prefix.name}.index").is_file():
        raise SourceError(f"there is no model at {path}")
    if not list(prefix.parent.glob(f"{prefix.name}.data-*")):
        raise SourceError(f"the checkpoint {prefix} has no values beside it (.data-*)")
    return prefix


def _in_folder(folder: Path) -> Path:
    """The latest checkpoint, as the folder's file `checkpoint` tells it, or the only one."""
    told = folder / "checkpoint"
    found = _LATEST.search(told.read_text("utf-8", "replace")) if told.is_file() else None
    if found is not None:
        # The folder may have been moved since; then the name alone holds.
        return folder / Path(found[1]).name
    indices = sorted(folder.glob("*.index"))
    if len(indices) != 1:
        count = f"{len(indices)} checkpoints; name one of them" if indices else "no model"
        raise SourceError(f"there is {count} in {folder}")
    return indices[0].with_suffix("")
