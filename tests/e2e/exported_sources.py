"""Makes trained models and exports them: a program, since it needs all of TensorFlow.

``python -m tests.e2e.exported_sources FOLDER OTHERS`` leaves a model folder for each of the
commands below in FOLDER, and what they were made from in FOLDER/trained. OTHERS has the models
of ``other_models``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from export.__main__ import main as export
from tests.e2e import raw_detectors, task_models
from tests.export import trained_models

DETECTOR = (
    "--from={trained}/ssd/model.ckpt --inputs=image=Placeholder:0 "
    "--outputs=detection_boxes=decoded/boxes:0,detection_scores=class_logits:0 "
    "--feed=is_training=false --nms --activation=softmax --background --scale=-1..1"
)
COMMANDS = {
    "ssd": (DETECTOR, ["white", "red"]),
    "letterbox": (f"{DETECTOR} --resize=letterbox", ["white", "red"]),
    "lightness": (
        "--from={trained}/lightness --outputs=Softmax --scale=0..1",
        ["dark", "grey", "light"],
    ),
    "keras": ("--from={trained}/colours.keras --scale=none", ["red", "green", "blue"]),
    "zoo": ("--from={others}/zoo/1", ["bright"]),
    "yolo": (
        "--from={trained}/yolo --decode=yolo --scale=0..1 --resize=letterbox",
        ["white", "red"],
    ),
    "raw_ssd": (
        "--from={trained}/raw_ssd --decode=ssd --anchors={trained}/anchors.npy "
        "--activation=softmax --scale=0..1",
        ["white", "red"],
    ),
    "pose": ("--from={trained}/pose --resize=letterbox", []),
    "masks": (
        "--from={trained}/masks --scale=0..1 --resize=letterbox",
        ["black", "white", "red", "blue"],
    ),
    "vector": ("--from={trained}/vector --scale=0..1 --normalize", []),
    "depth": ("--from={trained}/depth --scale=0..1 --resize=letterbox --unit=m", []),
}


def main(folder: Path, others: Path) -> int:
    """Returns the number of commands that failed."""
    trained = folder / "trained"
    trained_models.tf1_detector(trained / "ssd")
    trained_models.tf1_classifier(trained / "lightness")
    trained_models.keras_files(trained)
    raw_detectors.main(trained)
    task_models.main(trained)
    failed = 0
    for name, (options, labels) in COMMANDS.items():
        arguments = ["--verify=quick", *options.format(trained=trained, others=others).split()]
        arguments.append(f"--output={folder / name}")
        if labels:
            file = trained / f"{name}.txt"
            file.write_text("\n".join(labels))
            arguments.append(f"--labels={file}")
        failed += export(["savedmodel", *arguments]) != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
