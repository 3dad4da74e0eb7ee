"""Each family's decoder on a thousand random heads, compared with the published formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.contract import BOXES, CLASSES, COUNT, SCORES
from export.detectors.decoded import DecodedDetection, decoded
from export.detectors.options import DecodeOptions
from tests.export.detectors import reference
from tests.export.detectors.reference import Detections

HEADS = 1000
OVERLAP, SCORE, MOST = 0.45, 0.2, 12
TOLERANCE = 1e-4


def options(family: str, **changes: Any) -> DecodeOptions:
    limits: dict[str, Any] = {"max_overlap": OVERLAP, "min_score": SCORE, "max_boxes": MOST}
    return DecodeOptions(family, **{**limits, **changes})


def run(task: DecodedDetection, probe: dict[str, np.ndarray], size: tuple[int, int]) -> Any:
    graph = tf.function(lambda outputs: task(outputs, tf.constant(size)))
    found = graph({name: tf.constant(value) for name, value in probe.items()})
    return {name: value.numpy() for name, value in found.items()}


def check(
    probe: dict[str, np.ndarray],
    wanted: list[Detections],
    how: DecodeOptions,
    size: tuple[int, int],
) -> None:
    """Compare all images of a batch, whose task is chosen by the first four."""
    first = {name: value[:4] for name, value in probe.items()}
    found = run(decoded(first, how, size, 4), probe, size)
    counts = [len(one) for one in wanted]
    assert found[COUNT].tolist() == counts
    assert max(counts) > 2, "the random heads should leave something to compare"
    for at, expected in enumerate(wanted):
        count = counts[at]
        assert found[CLASSES][at, :count].tolist() == [number for number, _, _ in expected]
        scores, boxes = [score for _, score, _ in expected], [box for _, _, box in expected]
        assert np.allclose(found[SCORES][at, :count], scores, atol=TOLERANCE)
        assert np.allclose(found[BOXES][at, :count], np.reshape(boxes, (-1, 4)), atol=TOLERANCE)
        assert not found[BOXES][at, count:].any()
        assert not found[SCORES][at, count:].any()


def limited(boxes: np.ndarray, scores: np.ndarray) -> list[Detections]:
    pairs = zip(boxes, scores, strict=True)
    return [reference.suppressed(*one, OVERLAP, SCORE, MOST) for one in pairs]


def random_rows(random: np.random.Generator, anchors: int, scores: int) -> np.ndarray:
    """Rows of center x, center y, width, height in 0..1, followed by scores."""
    places = random.uniform(0, 1, (HEADS, anchors, 2))
    sides = random.uniform(0.05, 0.6, (HEADS, anchors, 2))
    values = random.uniform(0, 1, (HEADS, anchors, scores)) ** 2
    return np.concatenate([places, sides, values], axis=-1).astype(np.float32)


@pytest.mark.parametrize("pixels", [False, True])
def test_yolov8(pixels: bool) -> None:
    rows = random_rows(np.random.default_rng(1), 11, 3)  # strides 8, 16, 32 at 32x16
    unit = np.array([32, 16, 32, 16], np.float32) if pixels else np.ones(4, np.float32)
    boxes = np.array([[reference.yolo_box(row, 1, 1) for row in image] for image in rows])
    rows[..., :4] *= unit
    wanted = limited(boxes, rows[..., 4:])
    check({"output_0": rows.swapaxes(1, 2)}, wanted, options("yolo"), (16, 32))


def test_yolov5() -> None:
    rows = random_rows(np.random.default_rng(2), 33, 4)  # three for each cell of strides 8, 16, 32
    boxes = np.array([[reference.yolo_box(row, 1, 1) for row in image] for image in rows])
    wanted = limited(boxes, rows[..., 4:5] * rows[..., 5:])
    check({"output_0": rows}, wanted, options("yolo"), (16, 32))


def test_suppression_across_classes() -> None:
    rows = random_rows(np.random.default_rng(3), 11, 3)
    boxes = np.array([[reference.yolo_box(row, 1, 1) for row in image] for image in rows])
    pairs = zip(boxes, rows[..., 4:], strict=True)
    wanted = [reference.agnostic(*one, OVERLAP, SCORE, MOST) for one in pairs]
    check({"o": rows}, wanted, options("yolo", agnostic=True), (16, 32))


MAPS, SIDES, STEPS = [3, 1], [(12.0, 20.0), (20.0, 30.0)], [10.0, 30.0]
RATIOS = [[2.0, 0.5], [2.0, 0.5, 3.0, 1 / 3]]
GRIDS = (
    '{"image": 30, "maps": [3, 1], "sizes": [[12, 20], [20, 30]], "steps": [10, 30], '
    '"ratios": [[2, 0.5], [2, 0.5, 3, 0.3333333333]]}'
)


@pytest.mark.parametrize("form", ["rows", "by map", "flat"])
def test_ssd(form: str) -> None:
    random = np.random.default_rng(4)
    anchors = np.array(list(reference.ssd_anchors(30, MAPS, SIDES, RATIOS, STEPS)))
    offsets = random.normal(0, 1.5, (HEADS, 42, 4)).astype(np.float32)
    logits = random.normal(0, 2, (HEADS, 42, 3)).astype(np.float32)
    boxes = reference.decode_centers(offsets.astype(np.float64), anchors, [0.1, 0.1, 0.2, 0.2])
    wanted = limited(boxes, reference.softmax(logits.astype(np.float64))[..., 1:])
    probe = {"mbox_loc": offsets, "mbox_conf": logits}
    if form == "flat":  # as OpenCV's graphs have them
        probe = {name: value.reshape(HEADS, -1) for name, value in probe.items()}
    elif form == "by map":
        probe = {
            "loc1": offsets[:, :36].reshape(HEADS, 3, 3, 16),
            "cls1": logits[:, :36].reshape(HEADS, 3, 3, 4, 3),
            "loc2": offsets[:, 36:].reshape(HEADS, 1, 1, 6, 4),
            "cls2": logits[:, 36:].reshape(HEADS, 1, 1, 18),
        }
    check(probe, wanted, options("ssd", anchors=GRIDS, activation="softmax"), (30, 30))


@pytest.mark.parametrize("corners", [False, True])
def test_ssd_that_carries_its_anchors(corners: bool) -> None:
    """As Keras programs have it: scores, offsets, centers; or offsets, scores, corners."""
    random = np.random.default_rng(11)
    anchors = np.array(list(reference.ssd_anchors(30, MAPS, SIDES, RATIOS, STEPS)))
    offsets = random.normal(0, 1.5, (HEADS, 42, 4)).astype(np.float32)
    scores = reference.softmax(random.normal(0, 2, (HEADS, 42, 3)))
    variances = [0.1, 0.2, 0.3, 0.4]
    boxes = reference.decode_centers(offsets.astype(np.float64), anchors, variances)
    half = anchors[:, 2:] / 2
    written = np.concatenate([anchors[:, :2] - half, anchors[:, :2] + half], axis=-1)
    fixed = np.concatenate([written if corners else anchors, np.tile(variances, (42, 1))], axis=-1)
    parts = [offsets, scores] if corners else [scores, offsets]
    rows = np.concatenate([*parts, np.broadcast_to(fixed, (HEADS, 42, 8))], axis=-1)
    probe = {"predictions": rows.astype(np.float32)}
    check(probe, limited(boxes, scores[..., 1:]), options("ssd"), (30, 30))


def pyramid(seed: int, **kind: Any) -> Any:
    """Return anchors in 0..1 of two levels of an input of 16x16, and random offsets and logits."""
    random = np.random.default_rng(seed)
    anchors = np.array(list(reference.pyramid_anchors(16, 16, (8, 16), 1.5, **kind))) / 16
    offsets = random.normal(0, 0.6, (HEADS, 45, 4)).astype(np.float32)
    logits = random.normal(-2, 2, (HEADS, 45, 2)).astype(np.float32)
    return anchors, offsets, logits


LEVELS = '{"levels": [3, 4], "scale": 1.5, "ratios": [%s], "ratios_first": %s}'


def test_efficientdet() -> None:
    anchors, offsets, logits = pyramid(5, by_scale=True, ratios=[1.0, 2.0, 0.5])
    boxes = reference.decode_centers(offsets.astype(np.float64), anchors, [1, 1, 1, 1])
    wanted = limited(boxes, reference.sigmoid(logits.astype(np.float64)))
    probe = {"box_outputs": offsets[..., [1, 0, 3, 2]], "cls_outputs": logits}
    levels = LEVELS % ("1, 2, 0.5", "false")
    how = options("efficientdet", anchors=levels, activation="sigmoid")
    check(probe, wanted, how, (16, 16))


def test_retinanet_of_keras_examples() -> None:
    anchors, offsets, logits = pyramid(6, by_scale=False, ratios=[0.5, 1.0, 2.0])
    boxes = reference.decode_centers(offsets.astype(np.float64), anchors, [0.1, 0.1, 0.2, 0.2])
    wanted = limited(boxes, reference.sigmoid(logits.astype(np.float64)))
    probe = {"output_0": np.concatenate([offsets, logits], axis=-1)}
    coding: dict[str, Any] = {"offset_order": "cxcywh", "variances": (0.1, 0.1, 0.2, 0.2)}
    levels = LEVELS % ("0.5, 1, 2", "true")
    how = options("retinanet", anchors=levels, activation="sigmoid", **coding)
    check(probe, wanted, how, (16, 16))


def test_retinanet_with_offsets_of_sides() -> None:
    anchors, offsets, logits = pyramid(7, by_scale=False, ratios=[2.0, 1.0, 0.5])
    boxes = reference.decode_sides(offsets.astype(np.float64), anchors, 0.2)
    scores = reference.sigmoid(logits.astype(np.float64))
    probe = {"regression": offsets, "classification": scores.astype(np.float32)}
    how = options("retinanet", anchors=LEVELS % ("2, 1, 0.5", "true"))
    check(probe, limited(boxes, scores), how, (16, 16))


def test_centernet() -> None:
    random = np.random.default_rng(8)
    heat = random.uniform(0, 1, (HEADS, 6, 8, 2)).astype(np.float32)
    sizes = random.uniform(0.5, 5, (HEADS, 6, 8, 2)).astype(np.float32)
    offsets = random.uniform(0, 1, (HEADS, 6, 8, 2)).astype(np.float32)
    maps = zip(heat, sizes, offsets, strict=True)
    wanted = [reference.centers(*one, MOST, SCORE) for one in maps]
    check({"hm": heat, "wh": sizes, "reg": offsets}, wanted, options("centernet"), (24, 32))


def test_anchor_free_on_two_levels_with_centerness() -> None:
    random = np.random.default_rng(9)
    probe, boxes, scores = {}, [], []
    for level, cells in (("p3", 4), ("p4", 2)):
        distances = random.uniform(1, 14, (HEADS, cells, cells, 4)).astype(np.float32)
        logits = random.normal(0, 1.5, (HEADS, cells, cells, 2)).astype(np.float32)
        near = random.normal(0, 1.5, (HEADS, cells, cells, 1)).astype(np.float32)
        probe |= {f"ltrb_{level}": distances, f"cls_{level}": logits, f"centerness_{level}": near}
        y, x = ((np.mgrid[:cells, :cells] + 0.5) * 32 / cells)[..., None]
        left, top, right, low = np.split(distances.astype(np.float64), 4, axis=-1)
        sides = np.concatenate([y - top, x - left, y + low, x + right], axis=-1) / 32
        boxes.append(sides.reshape(HEADS, -1, 4))
        score = np.sqrt(reference.sigmoid(logits) * reference.sigmoid(near))
        scores.append(score.reshape(HEADS, -1, 2))
    wanted = limited(np.concatenate(boxes, axis=1), np.concatenate(scores, axis=1))
    check(probe, wanted, options("anchor-free", activation="sigmoid"), (32, 32))


@pytest.mark.parametrize("columns", ["box,score,class", "class,score,box", "batch,box,class,score"])
def test_end_to_end(columns: str) -> None:
    random = np.random.default_rng(10)
    corner = random.uniform(0, 20, (HEADS, 15, 2))
    boxes = np.concatenate([corner, corner + random.uniform(1, 12, (HEADS, 15, 2))], axis=-1)
    scores, classes = random.uniform(0, 1, (HEADS, 15)), random.integers(0, 5, (HEADS, 15))
    classes[:, -1] = -1  # a row without a detection
    fields = {
        "batch": np.broadcast_to(np.arange(HEADS)[:, None, None], (HEADS, 15, 1)),
        "box": boxes,
        "score": scores[..., None],
        "class": classes[..., None],
    }
    rows = np.concatenate([fields[name] for name in columns.split(",")], axis=-1)
    wanted = []
    for places, values, numbers in zip(boxes[..., [1, 0, 3, 2]] / 32, scores, classes, strict=True):
        order = [at for at in np.argsort(-values) if values[at] > SCORE and numbers[at] >= 0]
        wanted.append(
            [(int(numbers[at]), values[at], np.clip(places[at], 0, 1)) for at in order[:MOST]]
        )
    check({"output_0": rows.astype(np.float32)}, wanted, options("end-to-end"), (32, 32))
