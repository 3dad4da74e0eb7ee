"""Which recorded answers a version is compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from export.errors import SourceError
from framewire.recording import RecordedFrame, RecordingError, read


@dataclass(frozen=True)
class Selection:
    """Up to ``count`` of the ``available`` answers of one version of a model, evenly spread."""

    folder: Path
    model: str
    version: int
    available: int
    count: int

    def frames(self) -> Iterator[RecordedFrame]:
        """Yield the frames. Raises ``SourceError`` if a recording cannot be read."""
        seen = 0
        for frame in _answered(self.folder):
            if _key(frame) == (self.model, self.version):
                # Whole numbers, so that exactly ``count`` are chosen.
                if (seen + 1) * self.count // self.available > seen * self.count // self.available:
                    yield frame
                seen += 1


def select(folder: Path, model: str, version: int | None, most: int) -> Selection:
    """Choose answers of ``model``: of ``version``, or of the one with most of them.

    Raises ``SourceError`` if there are none.
    """
    counts = Counter(map(_key, _answered(folder)))
    fitting = Counter(
        {key: n for key, n in counts.items() if key[0] == model and version in (None, key[1])}
    )
    if not fitting:
        wanted = model if version is None else f"{model}/{version}"
        others = ", ".join(f"{name}/{number} ({n})" for (name, number), n in counts.most_common(9))
        raise SourceError(
            f"{folder} has no answers of {wanted}; it has "
            + (f"those of {others}: see --model and --against" if others else "none at all")
        )
    [((name, number), available)] = fitting.most_common(1)
    return Selection(folder, name, number, available, min(available, most))


def _answered(folder: Path) -> Iterator[RecordedFrame]:
    try:
        yield from (frame for frame in read(folder) if frame.result and frame.session.model)
    except RecordingError as error:
        raise SourceError(str(error)) from None


def _key(frame: RecordedFrame) -> tuple[str, int]:
    model, result = frame.session.model or {}, frame.result or {}
    return str(model.get("name")), int(result["model_version"])
