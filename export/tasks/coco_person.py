"""The 17 keypoints of a person in the COCO data set, which most pose models return."""

from __future__ import annotations

POINTS = (
    "nose",
    "left eye",
    "right eye",
    "left ear",
    "right ear",
    "left shoulder",
    "right shoulder",
    "left elbow",
    "right elbow",
    "left wrist",
    "right wrist",
    "left hip",
    "right hip",
    "left knee",
    "right knee",
    "left ankle",
    "right ankle",
)

_HEAD = ((0, 1), (0, 2), (1, 3), (2, 4))
_ARMS = ((5, 6), (5, 7), (7, 9), (6, 8), (8, 10))
_LEGS = ((5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16))
SKELETON = (*_HEAD, *_ARMS, *_LEGS)
"""Pairs of points, by number, that a line joins."""
