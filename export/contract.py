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

MASKS, KEYPOINTS = "detection_masks", "detection_keypoints"
KEYPOINT_SCORES = "detection_keypoint_scores"
CORNERS = "detection_corners"
DETECTION_EXTRAS = (MASKS, KEYPOINTS, KEYPOINT_SCORES, CORNERS)
"""What a detector may also say about each box."""

MASK_WEIGHTS = "mask_coefficients"
"""What a detector's source calls the weights of prototypes, ``[N, K, P]``; they are not served."""

CLASS_SCORES = ("probabilities", "scores", "logits")
"""What the scores of a classifier can be called; it has one of these."""

POSES, POSE_SCORES = "keypoints", "pose_scores"
"""The outputs of a pose model: points ``[N, P, K, 3]`` and, optionally, scores ``[N, P]``."""

SCORED_CLASSES = "classes"
"""A classifier's output that says which class each score belongs to, if there are not all."""

CLASS_MAP = "class_map"
"""The output of a segmentation model: the class of each pixel, ``[N, H, W]``."""

EMBEDDING = "embedding"
"""The output of a model that turns images into vectors, ``[N, D]``."""

DENSE_MAP = "dense_map"
"""The output of a model that gives each pixel a value, such as its depth, ``[N, H, W]``."""

TASKS = (
    "detection",
    "classification",
    "keypoints",
    "segmentation",
    "embedding",
    "map",
    "tensors",
)

GRAPH_FILES = ("saved_model.pb", "saved_model.pbtxt")
"""The files that make a directory a SavedModel."""

Tensor = Any
"""A ``tf.Tensor``; TensorFlow ships no type annotations."""

Outputs = dict[str, Tensor]
"""The outputs of a model by name."""
