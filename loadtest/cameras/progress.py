"""What a load is doing right now: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from loadtest.cameras import worker
from loadtest.cameras.profile import Profile
from loadtest.cameras.recording import RESULT
from loadtest.measure import percentile

LINE_EVERY_S = 5.0


class Display:
    """Shows the progress of a load for the duration of the ``with`` block."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        console = Console()
        self._terminal = console.is_terminal and not console.is_dumb_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not self._terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=profile.until_s, note="")
        self._next_line_s = LINE_EVERY_S

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, elapsed_s: float, progress: worker.Progress, stopped: bool = False) -> None:
        """Show the progress after ``elapsed_s`` seconds of a load, which may have been stopped."""
        phase = "stopping" if stopped else self._phase(elapsed_s)
        if self._terminal:
            self._bar.update(
                self._task,
                description=phase,
                completed=min(elapsed_s, self._profile.until_s),
                note=_note(progress),
            )
        elif elapsed_s >= self._next_line_s:
            self._next_line_s += LINE_EVERY_S
            print(f"{elapsed_s:4.0f} s  {phase}: {_note(progress)}", flush=True)

    def _phase(self, elapsed_s: float) -> str:
        profile = self._profile
        if elapsed_s < profile.ramp_s:
            return "connecting"
        if elapsed_s < profile.since_s:
            return "warming up"
        return "measuring" if elapsed_s < profile.until_s else "last outcomes"


def _note(progress: worker.Progress) -> str:
    answered = progress.totals.get(RESULT, 0)
    lost = sum(progress.totals.values()) - answered
    cameras = f"{progress.connected} camera{'' if progress.connected == 1 else 's'}"
    note = f"{cameras}, {answered} answered, {lost} not"
    if progress.ages_ms:
        note += f", p95 {percentile(progress.ages_ms, 0.95):.0f} ms"
    return note
