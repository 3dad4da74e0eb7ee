"""The options of ``hello`` and ``configure``, checked."""

from __future__ import annotations

from typing import Any, Literal

from server.core import tracecontext
from server.core.errors import BadMessage
from server.core.messages import Options, Orientation
from server.core.model import MAX_CROPS, MAX_SECOND_RESULTS, ModelKey, Then
from server.core.tracking.options import MAX_CONFIRM_MS, MAX_LOST_MS, TrackingOptions
from server.core.wire.areas import lines, zones
from server.core.wire.fields import (
    MAX_NAME,
    Fields,
    kind_of,
    read_integer,
    read_share,
    read_text,
)

MAX_TOKEN = 8192
MAX_VERSION = 2**63 - 1


def check_options(fields: Fields) -> Options:
    """Return the options in ``fields``. Raises BadMessage."""
    model, label, version = _model_fields(fields)
    return Options(
        model=model,
        label=label,
        version=version,
        token=read_text(fields, "token", MAX_TOKEN),
        min_score=read_share(fields, "min_score"),
        max_results=read_integer(fields, "max_results", 0, 2**31),
        client=read_text(fields, "client", MAX_NAME),
        orientation=_orientation(fields.get("orientation")),
        track=_track(fields.get("track")),
        zones=zones(fields),
        lines=lines(fields),
        then=_then(fields.get("then")),
        traceparent=tracecontext.parse(fields.get("traceparent")),
    )


def _orientation(value: Any) -> Orientation | None:
    if value not in (None, "apply", "ignore"):
        raise BadMessage("'orientation' must be 'apply' or 'ignore'")
    orientation: Orientation | None = value
    return orientation


def _track(value: Any) -> TrackingOptions | Literal[False] | None:
    if value is None or value is False:
        return value
    if value is True:
        return TrackingOptions()
    if not isinstance(value, dict):
        raise BadMessage(f"'track' must be true, false or a map, not {kind_of(value)}")
    start, keep = read_share(value, "start_score"), read_share(value, "keep_score")
    confirm_ms = read_integer(value, "confirm_ms", 0, MAX_CONFIRM_MS)
    lost_ms = read_integer(value, "lost_ms", 0, MAX_LOST_MS)
    usual = TrackingOptions()
    return TrackingOptions(
        usual.start_score if start is None else start,
        usual.keep_score if keep is None else keep,
        usual.confirm_ms if confirm_ms is None else confirm_ms,
        usual.lost_ms if lost_ms is None else lost_ms,
    )


def _then(value: Any) -> Then | bool | None:
    if value is None or isinstance(value, bool):
        return value
    fields = {"model": value} if isinstance(value, str) else value
    if not isinstance(fields, dict):
        kind = kind_of(value)
        raise BadMessage(f"'then' must be true, false, a model's name or a map, not {kind}")
    usual = Then(_model_key(fields))
    max_results = read_integer(fields, "max_results", 0, MAX_SECOND_RESULTS)
    return Then(
        usual.key,
        read_integer(fields, "max_boxes", 1, MAX_CROPS),
        read_share(fields, "min_score") or 0.0,
        usual.max_results if max_results is None else max_results,
    )


def _model_key(fields: Fields) -> ModelKey:
    """Return the model of ``then``."""
    name, label, version = _model_fields(fields)
    if name is None:
        raise BadMessage("'then' needs the name of a 'model'")
    return ModelKey(name, label, version)


def _model_fields(fields: Fields) -> tuple[str | None, str | None, int | None]:
    """Return a model's name, label and version, as far as they are given."""
    label = read_text(fields, "label", MAX_NAME)
    version = read_integer(fields, "version", 0, MAX_VERSION)
    if label is not None and version is not None:
        raise BadMessage("'label' and 'version' exclude each other")
    return read_text(fields, "model", MAX_NAME), label, version
