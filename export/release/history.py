"""Which versions each label stood for, kept beside the configuration file, for rollbacks."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeAlias

from export.errors import ReleaseError
from export.publishing import manifest

LONGEST = 50
"""How many moves of a label are remembered."""

_Moves: TypeAlias = "list[dict[str, Any]]"


class History:
    """For each label the versions that it stood for, the oldest first and the present one last."""

    def __init__(self, config: Path) -> None:
        self.path = config.with_name(f"{config.name}.history.json")

    def check(self) -> None:
        """Raises ReleaseError if the file is there and cannot be read."""
        self._read()

    def previous(self, model: str, label: str, current: int | None) -> int | None:
        """The last version before the current one; None if none is remembered."""
        earlier = [move["version"] for move in self._moves(model, label)]
        return next((version for version in reversed(earlier) if version != current), None)

    def push(self, model: str, label: str, version: int) -> None:
        """The label stands for this version from now on."""
        moves = self._moves(model, label)
        if not moves or moves[-1]["version"] != version:
            moves.append({"version": version, "at": manifest.now()})
        self._write(model, label, moves[-LONGEST:])

    def back_to(self, model: str, label: str, version: int) -> None:
        """The label stands for this version again; what came after it is forgotten."""
        moves = self._moves(model, label)
        while moves and moves[-1]["version"] != version:
            moves.pop()
        self._write(model, label, moves)

    def forget(self, model: str, label: str) -> None:
        """The label stands for nothing any more."""
        self._write(model, label, [])

    def _moves(self, model: str, label: str) -> _Moves:
        return list(self._read().get(model, {}).get(label, []))

    def _read(self) -> dict[str, dict[str, _Moves]]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise ReleaseError(f"cannot read {self.path}: {error}") from None
        if not _is_history(found):
            raise ReleaseError(
                f"cannot read {self.path}: it is no record of labels; without it, releases go on, "
                "but rollbacks have nothing to go back to"
            )
        return dict(found)

    def _write(self, model: str, label: str, moves: _Moves) -> None:
        everything = self._read()
        everything.setdefault(model, {})[label] = moves
        new = self.path.with_name(f".{self.path.name}.new")
        try:
            new.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
            os.replace(new, self.path)
        except OSError as error:
            raise ReleaseError(f"cannot write {self.path}: {error.strerror}") from None


def _is_history(found: Any) -> bool:
    """Whether it is {model: {label: [{"version": number, ...}, ...]}}."""
    if not isinstance(found, dict):
        return False
    labels = [one for one in found.values() if isinstance(one, dict)]
    moves = [one for each in labels for one in each.values() if isinstance(one, list)]
    return (
        len(labels) == len(found)
        and len(moves) == sum(map(len, labels))
        and all(isinstance(move, dict) and _has_number(move) for each in moves for move in each)
    )


def _has_number(move: dict[str, Any]) -> bool:
    return type(move.get("version")) is int
