"""``savedmodel --decode``: contradictory options, notes, and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from export.__main__ import main
from export.detectors.decoded import DECODERS
from export.detectors.options import FAMILIES, DecodeOptions
from export.errors import SourceError
from export.serving.conversion import ImageOptions, resolve
from export.sources.opening import open_source
from export.sources.options import SourceOptions
from export.tasks.task import TaskOptions
from tests.export.opened import PROBES, RED, answers
from tests.export.test_served_outputs import saved

_TASK = TaskOptions()


def undecoded(images: Any) -> Any:
    """A YOLOv8 of 16x16 that finds its one class in the left half of a red image."""
    red = tf.reduce_mean(images[..., 0], axis=[1, 2])[:, None]
    box = tf.tile([[0.25, 0.5, 0.5, 1.0]], [tf.shape(images)[0], 1])
    row = tf.concat([box, red * 0.9], axis=-1)
    empty = tf.zeros_like(row)
    rows = tf.stack([row, empty, empty, empty, empty, empty], axis=1)
    return {"output_0": rows}


def converted(folder: Path, decode: DecodeOptions | None, **images: Any) -> Any:
    source = open_source(SourceOptions(str(folder)))
    options = ImageOptions(scale="0..1", **images)
    return resolve(source, options, _TASK, None, PROBES, decode)


def test_boxes_of_the_graph_that_is_saved(tmp_path: Path) -> None:
    folder = saved(tmp_path, undecoded)
    found = converted(folder, DecodeOptions("yolo", max_boxes=3))
    assert (found.task.name, found.task.classes, found.task.first_class) == ("detection", 1, 0)
    values = answers(found, RED, (0, 0, 0))
    assert values["num_detections"].tolist() == [1, 0]
    assert values["detection_boxes"].shape == (2, 3, 4)
    assert values["detection_boxes"][0, 0] == pytest.approx([0, 0, 1, 0.5])
    assert values["detection_scores"][0] == pytest.approx([0.9, 0, 0])
    assert values["detection_classes"].dtype == np.float32


def test_without_decode_a_note_names_the_flag(tmp_path: Path) -> None:
    notes = "\n".join(converted(saved(tmp_path, undecoded), None).notes())
    assert "output_0 [6, 5] has a box for each anchor of YOLOv8 or later" in notes
    assert "add --decode yolo" in notes


def test_what_a_detector_lacks_is_followed_by_the_flag(tmp_path: Path) -> None:
    def raw(images: Any) -> Any:
        rows = tf.zeros([tf.shape(images)[0], 33, 5])
        return {"boxes": rows[..., :4], "scores": rows[..., 1:4]}

    folder = saved(tmp_path, raw)
    source = open_source(SourceOptions(str(folder)))
    with pytest.raises(SourceError, match=r"detection_classes.*; boxes can be offsets .* tf-ssd"):
        resolve(source, ImageOptions(scale="0..1"), _TASK, None, PROBES)


def test_labels_must_be_as_many_as_the_classes(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\n")
    source = open_source(SourceOptions(str(saved(tmp_path / "model", undecoded))))
    with pytest.raises(SourceError, match="has 2 labels, but the model has 1 classes"):
        resolve(source, ImageOptions(scale="0..1"), _TASK, labels, PROBES, DecodeOptions("yolo"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--anchors ssd300", "--anchors needs --decode"),
        ("--agnostic-nms --columns box,score,class", "--columns and --agnostic-nms need --decode"),
        ("--box-units cells", "--box-units cells needs --decode"),
        ("--mask-size 14", "--mask-size needs --decode"),
        ("--decode yolo --masks image", "omit --masks image"),
        ("--decode yolo --nms", "omit --nms"),
        (
            "--decode yolo --task tensors",
            "--decode yolo makes a model for detection, not for tensors",
        ),
    ],
)
def test_contradictory_options(
    tmp_path: Path, flags: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model").mkdir()
    where = [f"--from={tmp_path / 'model'}", f"--output={tmp_path / 'out'}"]
    assert main(["savedmodel", *where, *flags.split()]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        "--decode yolov9",
        "--decode ssd --variances 1,2,3",
        "--decode ssd --variances 0.1,0.1,0.2,0",
        "--decode end-to-end --columns box,score",
        "--decode yolo --mask-size 513",
        "--decode end-to-end --columns box,box,score,class",
    ],
)
def test_malformed_options(flags: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["savedmodel", "--from=x", *flags.split()])
    assert caught.value.code == 2
    assert flags.split()[-2] in capsys.readouterr().err


def test_every_family_has_a_decoder() -> None:
    assert {*DECODERS, "yolo-pose"} == set(FAMILIES)
