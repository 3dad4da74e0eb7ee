"""The Python client: pictures in, results out, always the newest first.

Blocking, with :class:`Client`, or for asyncio, with :class:`AsyncClient`::

    from framewire.client import Client

    with Client("ws://127.0.0.1:8888/ws", min_score=0.5) as client:
        for detection in client.infer("picture.jpg").detections:
            print(detection.label, detection.score, detection.box)

docs/client-python.md has more examples.
"""

from __future__ import annotations

from framewire.client.aio import AsyncClient
from framewire.client.blocking import Client
from framewire.client.errors import (
    ClientClosed,
    ClientError,
    ConnectionFailed,
    MissingExtra,
    NoResult,
    Refused,
    SourceError,
)
from framewire.client.messages import Limits, Model
from framewire.client.outcomes import (
    Box,
    Classification,
    DenseMap,
    Detection,
    Dropped,
    Failed,
    Keypoint,
    Mask,
    Outcome,
    Pose,
    Result,
    SecondAnswer,
    Segmentation,
    Tensor,
    Timing,
)
from framewire.client.pictures import Picture
from framewire.client.second import SecondModel
from framewire.client.sources import Folder, Video, camera, rtsp, video
from framewire.client.statistics import Statistics
from framewire.client.tracking import Count, Event, Tracking, Velocity

__all__ = [
    "AsyncClient",
    "Box",
    "Classification",
    "Client",
    "ClientClosed",
    "ClientError",
    "ConnectionFailed",
    "Count",
    "DenseMap",
    "Detection",
    "Dropped",
    "Event",
    "Failed",
    "Folder",
    "Keypoint",
    "Limits",
    "Mask",
    "MissingExtra",
    "Model",
    "NoResult",
    "Outcome",
    "Picture",
    "Pose",
    "Refused",
    "Result",
    "SecondAnswer",
    "SecondModel",
    "Segmentation",
    "SourceError",
    "Statistics",
    "Tensor",
    "Timing",
    "Tracking",
    "Velocity",
    "Video",
    "camera",
    "rtsp",
    "video",
]
