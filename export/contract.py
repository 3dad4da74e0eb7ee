"""The names of docs/model-contract.md: signatures, outputs, tasks, and the files of a version."""

from __future__ import annotations

from typing import Any

BYTES = "serving_default"
PIXELS = "serving_pixels"
DESCRIBE = "describe"

BOXES, SCORES = "detection_boxes", "detection_scores"
CLASSES, COUNT = "detection_classes", "num_detections"
DETECTION = (BOXES, SCORES, CLASSES, COUNT)
"""The outputs of a detector."""

CLASS_SCORES = ("probabilities", "scores", "logits")
"""What the scores of a classifier can be called; its only output is one of these."""

TASKS = ("detection", "classification", "tensors")

GRAPH_FILES = ("saved_model.pb", "saved_model.pbtxt")
"""The files that make a directory a SavedModel."""

Tensor = Any
"""A ``tf.Tensor``; TensorFlow ships no type annotations."""

Outputs = dict[str, Tensor]
"""The outputs of a model by name."""
