"""What answers have shown about versions: whether the gateway can read them."""

from __future__ import annotations

from collections import OrderedDict

from server.core.errors import UnusableModel
from server.core.model import ModelKey


class Verdicts:
    """The latest ``MAX`` versions; the oldest are forgotten, and found out again."""

    MAX = 256

    def __init__(self) -> None:
        self._unusable: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._proven: OrderedDict[tuple[str, int, str], None] = OrderedDict()

    def check(self, key: ModelKey, version: int) -> None:
        """Raise UnusableModel if an answer of ``version`` could not be used."""
        reason = self._unusable.get((key.name, version))
        if reason is not None:
            raise _error(key, version, reason)

    def reject(self, key: ModelKey, version: int, reason: str) -> UnusableModel:
        """Note that answers of ``version`` cannot be used. Return the error to raise."""
        self._unusable[key.name, version] = reason
        if len(self._unusable) > self.MAX:
            self._unusable.popitem(last=False)
        return _error(key, version, reason)

    def clear(self) -> None:
        """Forget all versions."""
        self._unusable.clear()
        self._proven.clear()

    def is_proven(self, key: ModelKey, version: int, signature: str) -> bool:
        """Return whether ``signature`` has been probed, and nothing spoke against it."""
        return (key.name, version, signature) in self._proven

    def prove(self, key: ModelKey, version: int, signature: str) -> None:
        """Note that a probe of ``signature`` has shown nothing against it."""
        self._proven[key.name, version, signature] = None
        if len(self._proven) > self.MAX:
            self._proven.popitem(last=False)


def _error(key: ModelKey, version: int, reason: str) -> UnusableModel:
    return UnusableModel(f"model {key}, version {version}, cannot be used: {reason}")
