"""Records what a camera sends and receives."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framewire.recording import Recorder
from framewire.recording.files import RecordingFile
from framewire.recording.records import SUFFIX
from framewire.recording.tap import Tap
from loadtest.cameras.source import Picture


def open_recorder(folder: Path) -> Recorder:
    """Return what writes the recording of this process. Raises OSError."""
    return Recorder(RecordingFile(folder / f"cameras-{os.getpid()}{SUFFIX}", "loadtest"))


class CameraTap:
    """Watches one camera, which sends ``pictures`` in turn. ``options`` are those of its hello."""

    def __init__(
        self,
        recorder: Recorder,
        clock: Callable[[], float],
        options: Mapping[str, Any],
        pictures: Sequence[Picture],
    ) -> None:
        self._tap = Tap(recorder, clock)
        self._options = options
        self._pictures = pictures
        self.received = self._tap.received
        self.lost = self._tap.lost

    def opened(self, welcome: Mapping[str, Any]) -> None:
        """A session is open."""
        self._tap.sent({"type": "hello", **self._options})
        self._tap.received(welcome)

    def sent(self, frame_id: int) -> None:
        """A frame is being sent; its id says which picture it shows."""
        picture = self._pictures[frame_id % len(self._pictures)]
        fields = {"format": picture.format, "data": picture.data}
        self._tap.sent({"type": "frame", "id": frame_id, **fields})
