"""The history of each label, stored beside the configuration file, for rollbacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

from export.errors import ReleaseError
from export.publishing.manifest import utc_now
from framewire import sharedfile, textfile

MAX_MOVES = 50
"""The number of moves of a label that are kept."""

_Moves: TypeAlias = "list[dict[str, Any]]"


class History:
    """The versions that each label has pointed to, oldest first; the last one is current."""

    def __init__(self, config: Path) -> None:
        self.path = config.with_name(f"{config.name}.history.json")

    def check(self) -> None:
        """Raise ``ReleaseError`` if the file exists but cannot be read."""
        self._read()

    def previous(self, model: str, label: str, current: int | None) -> int | None:
        """Return the last version before the current one, or None."""
        earlier = [move["version"] for move in self._moves(model, label)]
        return next((version for version in reversed(earlier) if version != current), None)

    def push(self, model: str, label: str, version: int) -> None:
        """Record that the label now points to this version."""
        moves = self._moves(model, label)
        if not moves or moves[-1]["version"] != version:
            moves.append({"version": version, "at": utc_now()})
        self._write(model, label, moves[-MAX_MOVES:])

    def back_to(self, model: str, label: str, version: int) -> None:
        """Record that the label points to this version again, and drop the later moves."""
        moves = self._moves(model, label)
        while moves and moves[-1]["version"] != version:
            moves.pop()
        self._write(model, label, moves)

    def forget(self, model: str, label: str) -> None:
        """Drop the moves of a label that was removed."""
        self._write(model, label, [])

    def _moves(self, model: str, label: str) -> _Moves:
        return list(self._read().get(model, {}).get(label, []))

    def _read(self) -> dict[str, dict[str, _Moves]]:
        try:
            content = json.loads(textfile.read(self.path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise ReleaseError(f"cannot read {self.path}: {error}") from None
        if not _is_history(content):
            raise ReleaseError(
                f"cannot read {self.path}: it is not a label history; if you delete it, releases "
                "work again, but earlier versions cannot be rolled back to"
            )
        return dict(content)

    def _write(self, model: str, label: str, moves: _Moves) -> None:
        content = self._read()
        content.setdefault(model, {})[label] = moves
        try:
            sharedfile.replace(self.path, json.dumps(content, indent=1) + "\n")
        except OSError as error:
            raise ReleaseError(f"cannot write {self.path}: {error.strerror}") from None


def _is_history(content: Any) -> bool:
    """Return whether it has the form ``{model: {label: [{"version": number, ...}, ...]}}``."""
    if not isinstance(content, dict):
        return False
    models = [labels for labels in content.values() if isinstance(labels, dict)]
    histories = [moves for labels in models for moves in labels.values() if isinstance(moves, list)]
    return (
        len(models) == len(content)
        and len(histories) == sum(map(len, models))
        and all(isinstance(move, dict) and _has_version(move) for h in histories for move in h)
    )


def _has_version(move: dict[str, Any]) -> bool:
    return type(move.get("version")) is int
