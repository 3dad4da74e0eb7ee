"""Class names and their indices, for models that answer with names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from server.core.errors import ModelFailed

# A model that keeps returning new names is not a classifier.
MAX_LABELS = 100_000
NO_LIMIT = 2**31
"""The number of classes of a model without labels."""


class Labels:
    """Class names by index. New names are appended; an index never changes.

    ``grown`` is called after each new name.
    """

    def __init__(self, names: Iterable[str] = (), grown: Callable[[], None] = lambda: None) -> None:
        self._grown = grown
        self._names = list(names)
        self._indices = {name: index for index, name in enumerate(self._names)}

    @property
    def names(self) -> tuple[str, ...]:
        """All names so far, by index."""
        return tuple(self._names)

    def index(self, name: bytes) -> int:
        """Return the index of ``name``, adding the name if it is new."""
        text = name.decode("utf-8", "replace")
        index = self._indices.get(text)
        if index is None:
            index = self._add(text)
        return index

    def _add(self, text: str) -> int:
        if len(self._names) >= MAX_LABELS:
            raise ModelFailed(f"the model has returned more than {MAX_LABELS} class names")
        self._names.append(text)
        self._grown()
        return self._indices.setdefault(text, len(self._names) - 1)


class LabelTable:
    """One :class:`Labels` per version of a model, so that names learnt later keep their index.

    Model servers that answer for one another share a table. The latest ``MAX`` are kept.
    ``grown``: whether there are new names since it was last set to False.
    """

    MAX = 256

    def __init__(self) -> None:
        self.grown = False
        self._labels: OrderedDict[tuple[str, int], Labels] = OrderedDict()

    def of(self, name: str, version: int, described: tuple[str, ...]) -> Labels:
        """Return the labels of a version that describes itself with ``described``."""
        known = self._labels.get((name, version))
        if known is None or known.names[: len(described)] != described:
            known = Labels(described, self._note_growth)
        self._labels[name, version] = known
        self._labels.move_to_end((name, version))
        if len(self._labels) > self.MAX:
            self._labels.popitem(last=False)
        return known

    def _note_growth(self) -> None:
        self.grown = True


def check_class(index: int, first_class: int, count: int) -> None:
    """Raise ModelFailed unless ``index`` is one of the ``count`` classes of a description."""
    if 0 <= index < count:
        return
    last = f"to {first_class + count - 1}" if count < NO_LIMIT else "on"
    raise ModelFailed(
        f"it returned class {index + first_class}; its labels and first_class "
        f"allow classes from {first_class} {last}"
    )
