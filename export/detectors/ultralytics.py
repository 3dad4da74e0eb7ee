"""The two forms of Ultralytics' exports: a row for each anchor, or for each detection."""

from __future__ import annotations

from export.detectors import columns
from export.detectors.columns import ROTATED, ULTRALYTICS
from export.detectors.decoder import Size
from export.detectors.end_to_end import EndToEnd, end_to_end
from export.detectors.options import DecodeOptions
from export.detectors.yolo import Yolo, yolo, yolo_layout
from export.errors import SourceError
from export.tasks.task import Probe


def ultralytics(probe: Probe, options: DecodeOptions, size: Size) -> Yolo | EndToEnd:
    """Return the decoder for these outputs. Raise ``SourceError`` if they have neither form."""
    if options.family in ("yolov5", "yolov8"):
        _check_anchors(probe, options, size)
        return yolo(probe, options, size)
    if options.columns is None and not are_suppressed(probe, size):
        return yolo(probe, options, size)
    assumed = ROTATED if options.family == "yolo-obb" else ULTRALYTICS
    return end_to_end(probe, options, size, assumed)


def are_suppressed(probe: Probe, size: Size) -> bool:
    """Return whether an output has a row for each detection, or may have: there was none."""
    return detections_among(probe, size) is not None or any(
        columns.found_nothing(rows) and yolo_layout(rows.shape, size) is None
        for rows in _tables(probe).values()
    )


def detections_among(probe: Probe, size: Size) -> str | None:
    """Return the output that has a row for each detection, if there is one.

    A box, its score and its class begin these rows, the best score first.
    """
    for name, rows in _tables(probe).items():
        is_by_anchor = yolo_layout(rows.shape, size) is not None
        is_sorted = not is_by_anchor or columns.are_sorted(rows, ULTRALYTICS)
        if is_sorted and columns.fits(rows, ULTRALYTICS):
            return name
    return None


def _check_anchors(probe: Probe, options: DecodeOptions, size: Size) -> None:
    name = detections_among(probe, size)
    if name is not None:
        raise SourceError(
            f"{name} {list(probe[name].shape)} has a row for each detection, not for each anchor, "
            f"as --decode {options.family} needs: use --decode yolo"
        )


def _tables(probe: Probe) -> Probe:
    return {
        name: value
        for name, value in probe.items()
        if value.ndim == 3 and (columns.holds_rows(value) or columns.holds_long_rows(value))
    }
