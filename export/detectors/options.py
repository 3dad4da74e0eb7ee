"""What the command line says about a detector that has to be decoded."""

from __future__ import annotations

from dataclasses import dataclass

FAMILIES = (
    "yolo",
    "yolov5",
    "yolov8",
    "yolo-pose",
    "yolo-obb",
    "ssd",
    "retinanet",
    "efficientdet",
    "centernet",
    "anchor-free",
    "end-to-end",
)
"""``yolo`` is either of the following two, whichever the shapes imply. ``yolo-pose`` makes a pose
model, the others a detector. ``yolo-obb`` has rotated boxes."""

OFFSET_ORDERS = ("cxcywh", "cycxhw", "xyxy", "yxyx")

COLUMNS = ("batch", "box", "class", "score", "angle")
"""What rows of ``end-to-end`` consist of. ``batch`` is the image's number. ``angle`` is that of the
box, in radians."""


@dataclass(frozen=True)
class DecodeOptions:
    """How to decode boxes. None means: recognized, or the family's default.

    ``family``: one of ``FAMILIES``.
    ``order``, ``units``: of the model's boxes, one of ``task.ORDERS`` and of ``task.UNITS`` or
    ``cells`` of a feature map.
    ``activation``, ``background``: as in ``TaskOptions``.
    ``anchors``: a file, a preset, or a JSON object. ``anchor_order``: of the boxes in that file.
    ``offset_order``: one of ``OFFSET_ORDERS``. ``variances``: the four factors of the offsets.
    ``columns``: the columns of detections that are already suppressed.
    ``max_overlap``, ``min_score``, ``max_boxes``: limits of non-maximum suppression.
    ``agnostic``: boxes also suppress boxes of other classes.
    ``first_class``: the number of the first class, if the model returns classes.
    ``class_count``: how many labels there are. ``keypoints``: how many keypoints there are beside
    these classes, and how many values each has.
    ``skeleton``: which keypoints a line joins; None if not given.
    ``mask_size``: the side of a box's mask, in cells; 0 for no masks.
    """

    family: str
    order: str | None = None
    units: str | None = None
    activation: str | None = None
    background: bool = False
    anchors: str | None = None
    anchor_order: str | None = None
    offset_order: str | None = None
    variances: tuple[float, ...] | None = None
    columns: tuple[str, ...] | None = None
    max_overlap: float = 0.5
    min_score: float = 0.05
    max_boxes: int = 100
    agnostic: bool = False
    first_class: int | None = None
    class_count: int | None = None
    keypoints: tuple[int, int] | None = None
    skeleton: tuple[tuple[int, int], ...] | None = None
    mask_size: int = 28
