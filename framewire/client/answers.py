"""What a model says, as the wire has it -> typed objects, for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from framewire.client.outcomes import (
    Box,
    Classification,
    DenseMap,
    Detection,
    Keypoint,
    Mask,
    Pose,
    SecondAnswer,
    Segmentation,
    Tensor,
)
from framewire.client.tracking import Velocity

# The fields that make a result one of a task.
_CLASSIFICATION = {"classes", "scores"}
_DETECTION = {"boxes", *_CLASSIFICATION}
_KEYPOINTS = {"keypoints", "scores"}


class Labels:
    """The names of classes and keypoints: in order of their indices, or by index."""

    def __init__(self, names: Sequence[str] | Mapping[int, str | None] = ()) -> None:
        self._names = names

    def name(self, index: int) -> str:
        """Return a name, or the index as text for one that has none."""
        names = self._names
        if isinstance(names, Mapping):
            name = names.get(index)
        else:
            name = names[index] if 0 <= index < len(names) else None
        return str(index) if name is None else name


def fields(message: Mapping[str, Any], labels: Labels) -> dict[str, Any]:
    """Return the fields of a result or of a second model's answer that depend on the task.

    A later task may have some of the fields of one that is known here, such as boxes without
    classes. It is not that task.
    """
    names = message.keys()
    return {
        "detections": _detections(message, labels) if names >= _DETECTION else (),
        "classes": _classes(message, labels) if _is_classification(names) else (),
        "outputs": {name: _tensor(value) for name, value in message.get("outputs", {}).items()},
        "poses": _poses(message, labels) if names >= _KEYPOINTS else (),
        "segmentation": _segmentation(message["masks"]) if "masks" in message else None,
        "embedding": tuple(message["embedding"]) if "embedding" in message else None,
        "dense_map": _dense_map(message["map"]) if "map" in message else None,
    }


def _is_classification(names: Set[str]) -> bool:
    return names >= _CLASSIFICATION and "boxes" not in names


def _second(answer: Mapping[str, Any] | None) -> SecondAnswer | None:
    if answer is None:
        return None
    if "missing" in answer:
        return SecondAnswer(missing=answer["missing"])
    labels = dict(zip(answer.get("classes", ()), answer.get("labels", ()), strict=False))
    return SecondAnswer(**fields(answer, Labels(labels)))


def _detections(message: Mapping[str, Any], labels: Labels) -> tuple[Detection, ...]:
    nothing = [None] * len(message["boxes"])
    columns = zip(
        message["boxes"],
        message["scores"],
        message["classes"],
        message.get("ids", nothing),
        message.get("velocities", nothing),
        message.get("then", {}).get("answers", nothing),
        _masks(message["box_masks"]) if "box_masks" in message else nothing,
        message.get("corners", nothing),
        strict=True,
    )
    return tuple(
        Detection(
            Box(*box),
            score,
            index,
            labels.name(index),
            id_,
            Velocity(*edges) if edges else None,
            _second(answer),
            mask,
            tuple(zip(corners[0::2], corners[1::2], strict=True)) if corners else None,
        )
        for box, score, index, id_, edges, answer, mask, corners in columns
    )


def _masks(message: Mapping[str, Any]) -> list[Mask | None]:
    width, height = message["width"], message["height"]
    return [Mask(width, height, tuple(runs)) if runs else None for runs in message["runs"]]


def _classes(message: Mapping[str, Any], labels: Labels) -> tuple[Classification, ...]:
    columns = zip(message["scores"], message["classes"], strict=True)
    return tuple(Classification(score, index, labels.name(index)) for score, index in columns)


def _poses(message: Mapping[str, Any], labels: Labels) -> tuple[Pose, ...]:
    columns = zip(message["scores"], message["keypoints"], strict=True)
    return tuple(Pose(score, _keypoints(numbers, labels)) for score, numbers in columns)


def _keypoints(numbers: Sequence[float], labels: Labels) -> tuple[Keypoint, ...]:
    columns = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    return tuple(Keypoint(*point, labels.name(index)) for index, point in enumerate(columns))


def _segmentation(masks: Mapping[str, Any]) -> Segmentation:
    return Segmentation(masks["width"], masks["height"], tuple(masks["runs"]))


def _dense_map(fields: Mapping[str, Any]) -> DenseMap:
    width, height, levels = fields["width"], fields["height"], fields["levels"]
    return DenseMap(width, height, fields["low"], fields["high"], bytes(levels))


def _tensor(message: Mapping[str, Any]) -> Tensor:
    return Tensor(message["dtype"], tuple(message["shape"]), message["data"])
