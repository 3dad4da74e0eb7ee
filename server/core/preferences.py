"""What a session has asked for so far, by ``hello`` and ``configure``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from server.core.messages import Options
from server.core.model import ModelKey, Then
from server.core.tracecontext import TraceContext
from server.core.tracking.areas import Area
from server.core.tracking.options import TrackingOptions


@dataclass(frozen=True, slots=True)
class Preferences:
    """A session's model, the results it wants, its name, and whether its frames are turned.

    ``track`` is None if it wants no tracking; ``zones`` and ``lines`` are those of its events.
    ``then`` is the second model; True: that of the model's description. ``traceparent`` is the
    trace that sampled frames belong to.
    """

    key: ModelKey
    min_score: float = 0.0
    max_results: int | None = None
    client: str | None = None
    turns: bool = False
    track: TrackingOptions | None = None
    zones: tuple[Area, ...] = ()
    lines: tuple[Area, ...] = ()
    then: Then | Literal[True] | None = None
    traceparent: TraceContext | None = None

    def with_options(self, options: Options) -> Preferences:
        """Return what applies with these options; those that are not given stay as they are."""
        turn = options.orientation
        return Preferences(
            self._named(options),
            self.min_score if options.min_score is None else options.min_score,
            self.max_results if options.max_results is None else options.max_results,
            self.client if options.client is None else options.client,
            self.turns if turn is None else turn == "apply",
            self.track if options.track is None else options.track or None,
            self.zones if options.zones is None else options.zones,
            self.lines if options.lines is None else options.lines,
            self.then if options.then is None else options.then or None,
            options.traceparent or self.traceparent,
        )

    def _named(self, options: Options) -> ModelKey:
        """Return the model that the options name, or the present one."""
        if not options.model and not options.label and options.version is None:
            return self.key
        return ModelKey(options.model or self.key.name, options.label, options.version)
