"""What answers have shown about versions: whether the gateway can read them."""

from __future__ import annotations

from collections import OrderedDict

from server.core.errors import UnusableModel
from server.core.model import ModelKey

_Probe = tuple[str, int, str]
"""A model's name, its version and a signature."""


class Verdicts:
    """The latest ``MAX`` versions; the oldest are forgotten, and found out again."""

    MAX = 256

    def __init__(self) -> None:
        self._unusable: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._probed: OrderedDict[_Probe, None] = OrderedDict()

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
        self._probed.clear()

    def claim(self, key: ModelKey, version: int, signature: str) -> bool:
        """Return whether ``signature`` still has to be probed, which the caller does then."""
        probe = (key.name, version, signature)
        if probe in self._probed:
            return False
        self._probed[probe] = None
        if len(self._probed) > self.MAX:
            self._probed.popitem(last=False)
        return True

    def release(self, key: ModelKey, version: int, signature: str) -> None:
        """Note that a probe has shown nothing, so that it is repeated."""
        self._probed.pop((key.name, version, signature), None)


def _error(key: ModelKey, version: int, reason: str) -> UnusableModel:
    return UnusableModel(f"model {key}, version {version}, cannot be used: {reason}")
