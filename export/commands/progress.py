"""Progress bars; where the output is no terminal, a line now and then."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_LINE_EVERY_S = 30.0


class Bars:
    """One bar for each task, shown for as long as the `with` block lasts."""

    def __init__(self) -> None:
        self._console = Console()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._spoke: dict[str, float] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, task: str, done: int, wanted: int, note: str = "") -> None:
        """Shows that `done` of `wanted` parts of a task are done."""
        if not self._console.is_terminal:
            self._speak(task, done, wanted, note)
            return
        if task not in self._tasks:
            self._tasks[task] = self._progress.add_task(task, total=wanted, note=note)
        self._progress.update(self._tasks[task], completed=done, note=note)

    def _speak(self, task: str, done: int, wanted: int, note: str) -> None:
        now = time.monotonic()
        if done < wanted and now - self._spoke.get(task, -_LINE_EVERY_S) < _LINE_EVERY_S:
            return
        self._spoke[task] = now
        print(f"{task} {done}/{wanted} {note}".rstrip(), flush=True)
