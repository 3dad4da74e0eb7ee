"""What is recognized from shapes, names and values, what is suggested, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from export.detectors.decoded import DecodedDetection, decoded
from export.detectors.options import DecodeOptions
from export.detectors.recognition import recognize
from export.errors import SourceError

Probe = dict[str, np.ndarray]
RANDOM = np.random.default_rng(7)
SIDE = 64
SIZE = (SIDE, SIDE)


def unit(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0, 0.9, shape).astype(np.float32)


def wide(*shape: int) -> np.ndarray:
    """Values that cannot be scores."""
    return RANDOM.normal(0, 9, shape).astype(np.float32)


def detections(images: int, *columns: str) -> np.ndarray:
    """Rows of detections in 0..1."""
    corner = RANDOM.uniform(0, 0.5, (images, 9, 2))
    fields = {
        "batch": np.broadcast_to(np.arange(images)[:, None, None], (images, 9, 1)),
        "box": np.concatenate([corner, corner + 0.3], axis=-1),
        "score": RANDOM.uniform(0.1, 0.9, (images, 9, 1)),
        "class": RANDOM.integers(0, 7, (images, 9, 1)),
    }
    return np.concatenate([fields[name] for name in columns], axis=-1).astype(np.float32)


def carrying_anchors() -> np.ndarray:
    """Rows of two scores, four offsets, an anchor, and four variances."""
    fixed = np.concatenate([unit(1, 9, 4), np.full((1, 9, 4), 0.1)], axis=-1)
    scores = unit(3, 9, 1)
    rows = [scores, 1 - scores, wide(3, 9, 4), np.broadcast_to(fixed, (3, 9, 8))]
    return np.concatenate(rows, axis=-1).astype(np.float32)


def task(probe: Probe, family: str, size: tuple[int, int] = SIZE, **more: Any) -> DecodedDetection:
    return decoded(probe, DecodeOptions(family, **more), size, len(next(iter(probe.values()))))


@pytest.mark.parametrize(
    ("shape", "size", "version", "by_column", "strides", "classes"),
    [
        ((84, 8400), (640, 640), "yolov8", True, (8, 16, 32), 80),
        ((8400, 84), (640, 640), "yolov8", False, (8, 16, 32), 80),
        ((5, 2100), (320, 320), "yolov8", True, (8, 16, 32), 1),
        ((7, 34000), (640, 640), "yolov8", True, (4, 8, 16, 32), 3),
        ((84, 8500), (640, 640), "yolov8", True, (8, 16, 32, 64), 80),
        ((84, 84), (64, 64), "yolov8", True, (8, 16, 32), 80),
        ((25200, 85), (640, 640), "yolov5", False, (8, 16, 32), 80),
        ((6, 18900), (480, 640), "yolov5", True, (8, 16, 32), 1),
        ((25500, 7), (640, 640), "yolov5", False, (8, 16, 32, 64), 2),
        ((6000, 85), (640, 640), "yolov5", False, (16, 32), 80),
    ],
)
def test_yolo_by_its_number_of_anchors(
    shape: tuple[int, int],
    size: tuple[int, int],
    version: str,
    by_column: bool,
    strides: tuple[int, ...],
    classes: int,
) -> None:
    found: Any = task({"output_0": unit(1, *shape)}, "yolo", size).decoder
    layout = found.layout
    assert (layout.version, layout.by_column, layout.strides) == (version, by_column, strides)
    assert found.classes == classes


@pytest.mark.parametrize(("family", "classes"), [("yolov5", 15), ("yolov8", 16)])
def test_yolo_of_another_size_takes_the_version_that_the_user_names(
    family: str, classes: int
) -> None:
    probe = {"output_0": unit(1, 20, 777)}
    with pytest.raises(SourceError, match="name the version with --decode yolov5"):
        task(probe, "yolo")
    assert task(probe, family).classes == classes


@pytest.mark.parametrize(("largest", "units"), [(0.9, "normalized"), (640.0, "pixels")])
def test_units_of_boxes_are_recognized(largest: float, units: str) -> None:
    values = unit(2, 10, 84)
    values[:, :4] *= largest
    found: Any = task({"output_0": values}, "yolo").decoder
    assert found.units == units
    assert f"taken as {units}" in "\n".join(found.notes)
    given: Any = task({"output_0": values}, "yolo", units="pixels").decoder
    assert given.units == "pixels"


def test_columns_of_masks_and_keypoints_are_no_classes() -> None:
    rows = np.concatenate([unit(1, 84, 8), wide(1, 84, 32)], axis=-1)
    for shape in ((16, 16, 32), (32, 16, 16)):
        masks = task({"output_0": rows, "output_1": unit(1, *shape)}, "yolo")
        assert (masks.classes, masks.details) == (4, {"masks": True})
        assert "output_1 are for masks, which are served in 28x28" in "\n".join(masks.notes)
        assert set(masks.reads()) == {"output_0", "output_1"}
    without = task({"output_0": rows, "output_1": unit(1, 16, 16, 32)}, "yolo", mask_size=0)
    assert (without.classes, without.details, set(without.reads())) == (4, {}, {"output_0"})
    assert "which are not served" in "\n".join(without.notes)
    with pytest.raises(SourceError, match="100 masks of 64x64 are more than 262144 values"):
        task({"output_0": rows, "output_1": unit(1, 16, 16, 32)}, "yolo", mask_size=64)
    pose = {"output_0": np.concatenate([unit(1, 84, 5), wide(1, 84, 51)], axis=-1)}
    assert task(pose, "yolo", class_count=1).classes == 1
    with pytest.raises(SourceError, match="keypoints, add --labels FILE"):
        task(pose, "yolo")


def test_logits_need_an_activation() -> None:
    probe = {"output_0": np.concatenate([unit(1, 84, 4), wide(1, 84, 3)], axis=-1)}
    with pytest.raises(SourceError, match="add --activation sigmoid"):
        task(probe, "yolo")
    assert task(probe, "yolo", activation="sigmoid").classes == 3
    heads = {"boxes": wide(1, 8732, 4), "scores": wide(1, 8732, 3)}
    with pytest.raises(SourceError, match=r"--activation softmax .* or --activation sigmoid"):
        task(heads, "ssd", (300, 300), anchors="ssd300")


@pytest.mark.parametrize(
    ("scores", "more", "classes"),
    [
        (unit(2, 8732, 3), {}, 3),
        (unit(2, 8732, 3), {"background": True}, 2),
        (wide(2, 8732, 3), {"activation": "softmax"}, 2),
        (wide(2, 8732, 3), {"activation": "sigmoid"}, 3),
        (np.full((2, 8732, 4), 0.25, np.float32), {}, 3),
    ],
)
def test_the_background_is_recognized_by_scores_that_add_up(
    scores: np.ndarray, more: dict[str, Any], classes: int
) -> None:
    probe = {"boxes": wide(2, 8732, 4), "scores": scores}
    found = task(probe, "ssd", (300, 300), anchors="ssd300", **more)
    assert found.classes == classes
    noted = "as the background" in "\n".join(found.notes)
    assert noted == (classes < scores.shape[2] and "background" not in more)


@pytest.mark.parametrize(
    "columns",
    [
        ("box", "score", "class"),
        ("box", "class", "score"),
        ("class", "score", "box"),
        ("batch", "box", "score", "class"),
        ("batch", "box", "class", "score"),
        ("batch", "class", "score", "box"),
    ],
)
def test_columns_of_detections_are_recognized_by_their_values(columns: tuple[str, ...]) -> None:
    found: Any = task({"output_0": detections(3, *columns)}, "end-to-end").decoder
    assert found.columns == columns
    shuffled: Any = task({"o": detections(3, *columns)}, "end-to-end", columns=columns).decoder
    assert shuffled.columns == columns


def test_columns_of_nothing_are_refused() -> None:
    with pytest.raises(SourceError, match=r"add --columns box,score,class or --columns box,class"):
        task({"output_0": np.zeros((2, 300, 6), np.float32)}, "end-to-end")
    columns = ("box", "score", "class")
    with pytest.raises(SourceError, match="are 6 values, but the rows of output_0 have 7"):
        task({"output_0": unit(2, 9, 7)}, "end-to-end", columns=columns)


def test_a_table_for_all_images_needs_one_image_per_call() -> None:
    rows = detections(4, "batch", "box", "class", "score").reshape(-1, 7)
    options = DecodeOptions("end-to-end")
    with pytest.raises(SourceError, match="add --batch 1"):
        decoded({"output_0": rows}, options, SIZE, 4)
    assert decoded({"output_0": rows[:9]}, options, SIZE, 1).first_class == 0


def test_anchors_that_do_not_fit_are_refused() -> None:
    probe = {"boxes": wide(1, 1917, 4), "scores": unit(1, 1917, 3)}
    message = "1917 boxes, but ssd300 has 8732 anchors at 300x300; tf-ssd would fit"
    with pytest.raises(SourceError, match=message):
        task(probe, "ssd", (300, 300), anchors="ssd300")
    assert task(probe, "ssd", (300, 300), anchors="tf-ssd").classes == 3


def test_heads_are_told_apart_by_names_shapes_or_sizes() -> None:
    four_classes = {"box_head": wide(1, 8732, 4), "class_head": unit(1, 8732, 4)}
    found: Any = task(four_classes, "ssd", (300, 300), anchors="ssd300").decoder
    assert found.heads.boxes == ("box_head",)
    maps = zip([38, 19, 10, 5, 3, 1], [4, 6, 6, 6, 4, 4], strict=True)
    unnamed: Probe = {}
    for cells, shapes in maps:
        unnamed[f"a{cells}"] = unit(1, cells, cells, shapes * 2)
        unnamed[f"b{cells}"] = wide(1, cells, cells, shapes * 4)
    found = task(unnamed, "ssd", (300, 300), anchors="ssd300").decoder
    assert found.heads.boxes == ("b38", "b19", "b10", "b5", "b3", "b1")
    assert found.classes == 2
    with pytest.raises(SourceError, match="name them with --outputs boxes=TENSOR,scores=TENSOR"):
        task({"a": wide(1, 10, 7), "b": wide(1, 12, 9)}, "ssd", anchors="ssd300")


@pytest.mark.parametrize(
    ("family", "probe", "message"),
    [
        ("yolo", {"a": unit(1, 4, 4, 9)}, r"needs one output \[N,anchors,columns\]"),
        ("end-to-end", {"a": unit(1, 9, 5)}, r"needs one output \[N,M,6\] or \[N,M,7\]"),
        ("centernet", {"hm": unit(1, 4, 4, 9)}, r"sizes \[N,h,w,2\]"),
        ("centernet", {"a": unit(1, 4, 4, 2), "b": unit(1, 4, 4, 2)}, "scores=TENSOR,sizes=TENSOR"),
        ("anchor-free", {"boxes": wide(1, 9, 4), "scores": unit(1, 9, 2)}, r"\[N,h,w,4\] for each"),
    ],
)
def test_outputs_of_another_family(family: str, probe: Probe, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        task(probe, family)


def test_cells_are_units_of_feature_maps_only() -> None:
    with pytest.raises(SourceError, match="--box-units cells is only for --decode centernet"):
        task({"output_0": unit(1, 84, 9)}, "yolo", units="cells")


@pytest.mark.parametrize(
    ("probe", "size", "words"),
    [
        ({"o": unit(1, 84, 8400)}, (640, 640), "YOLOv8 or later (strides 8, 16, 32): to serve"),
        ({"o": unit(1, 25200, 85)}, (640, 640), "YOLOv5 (strides 8, 16, 32)"),
        ({"o": detections(2, "box", "score", "class")}, SIZE, "add --decode end-to-end"),
        (
            {"loc": wide(1, 8732, 4), "conf": unit(1, 8732, 21)},
            (300, 300),
            "add --decode ssd --anchors ssd300 (others that fit: ssd300-coco)",
        ),
        ({"a": wide(1, 1917, 4), "b": unit(1, 1917, 91)}, (300, 300), "--anchors tf-ssd"),
        (
            {"loc": wide(1, 5972, 4), "cls": unit(1, 5972, 2)},
            (260, 260),
            "loc can be offsets from 5972 anchors, and cls their scores; no preset has as many: "
            "to serve boxes, add --decode ssd --anchors FILE",
        ),
        ({"predictions": carrying_anchors()}, SIZE, "anchors and variances: to serve boxes, add"),
        ({"o": wide(1, 49104, 94)}, (512, 512), "add --decode retinanet --anchors retinanet"),
        (
            {"hm": unit(1, 8, 8, 5), "wh": unit(1, 8, 8, 2), "reg": unit(1, 8, 8, 2)},
            SIZE,
            "hm and wh can be CenterNet's centers and sizes: to serve boxes, add",
        ),
    ],
)
def test_outputs_that_look_undecoded_get_a_suggestion(
    probe: Probe, size: tuple[int, int], words: str
) -> None:
    assert words in (recognize(probe, size) or "")


@pytest.mark.parametrize(
    "probe",
    [
        {"embedding": unit(2, 128)},
        {"probabilities": unit(2, 1000)},
        {"mask": unit(2, 64, 64, 21)},
        {"keypoints": unit(2, 1, 17, 3)},
        {"boxes": unit(2, 100, 4), "scores": unit(2, 100)},
        {"boxes": unit(2, 100, 4), "scores": unit(2, 100, 3)},
        {"boxes": wide(2, 100, 4), "scores": unit(2, 100)},
        {"left": wide(2, 8, 8, 4), "right": unit(2, 8, 8, 3)},
        {"tokens": unit(2, 50, 6)},
    ],
)
def test_other_outputs_get_none(probe: Probe) -> None:
    assert recognize(probe, SIZE) is None
