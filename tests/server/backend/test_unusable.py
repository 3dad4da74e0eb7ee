"""Models whose answers could never reach a client, found by an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np
import pytest

from server.backend.serving import TensorFlowServing
from server.core.errors import BadFrame, UnusableModel
from server.core.messages import Frame
from server.core.model import ModelKey
from tests.server.backend.puppet_models import (
    BYTES,
    DESCRIPTION,
    DETECTION,
    detect,
    detector,
    rows,
    single,
)
from tests.server.backend.puppet_server import FLOAT, INT64, UINT8, Puppet, Spec

SHOP, DIGITS = ModelKey("shop"), ModelKey("digits")
JPEG = Frame(1, "jpeg", b"jpeg", 8, 8)
UNKNOWN: dict[str, Spec] = {name: (dtype, None) for name, (dtype, _) in DETECTION.items()}
FREE: Spec = (FLOAT, (-1, -1, -1, -1))


def changed(**outputs: Any) -> Any:
    """Return a detector's answers with others in their place."""
    return lambda request: {**detect(request), **{f"detection_{k}": v for k, v in outputs.items()}}


@pytest.mark.parametrize(
    ("outputs", "answer", "words"),
    [
        # A row for each box of all pictures
        (
            {"output": (FLOAT, (-1, 7))},
            lambda request: {"output": np.ones((3 * rows(request), 7), "f")},
            r"'output' has shape \[6, 7\] for a batch of 2",
        ),
        (
            {"output": (FLOAT, (-1, 7))},
            lambda request: {"output": np.ones((1, 7), "f")},
            r"\[1, 7\] for a batch of 2",
        ),
        ({"output": (FLOAT, (-1, 7))}, lambda request: {"output": np.ones((0, 7), "f")}, r"\[0, 7"),
        ({"output": (FLOAT, None)}, lambda request: {"output": np.float32(1)}, "batch of 2"),
        ({"scores": (FLOAT, None)}, lambda request: {"scores": np.ones(2, "f")}, r"not \[N,C\]"),
        # Boxes, scores and classes that do not belong together
        (UNKNOWN, changed(scores=np.ones((2, 5), "f")), r"boxes \[2, 2, 4\], scores \[2, 5\]"),
        (UNKNOWN, changed(boxes=np.ones((2, 4), "f")), r"boxes \[2, 4\]"),
        (UNKNOWN, lambda request: {}, "did not return the output 'detection_boxes'"),
    ],
)
async def test_found_at_discovery(
    puppet: Puppet,
    backend: TensorFlowServing,
    outputs: dict[str, Spec],
    answer: Any,
    words: str,
) -> None:
    puppet.models["shop", None] = single({"image": BYTES}, outputs, answer)
    for _ in range(3):
        with pytest.raises(
            UnusableModel, match=f"model shop, version 1, cannot be used: .*{words}"
        ):
            await backend.discover(SHOP)
    assert len(puppet.requests) == 1, "one answer is proof enough"
    puppet.models["shop", None] = single({"image": BYTES}, DETECTION, detect)
    puppet.models["shop", None].version = 2
    assert (await backend.discover(SHOP)).version == 2


ONE_ROW = single(
    {"image": BYTES},
    {"output": (FLOAT, (-1, 7))},
    lambda request: {"output": np.ones((1, 7), "f")},
)


async def test_found_by_each_of_several_look_ups(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["shop", None] = ONE_ROW
    puppet.hold()
    look_ups = [asyncio.ensure_future(backend.discover(SHOP)) for _ in range(2)]
    await asyncio.to_thread(puppet.wait_for_requests, 1)
    puppet.release()
    for look_up in look_ups:
        with pytest.raises(UnusableModel):
            await look_up


async def test_found_after_a_look_up_that_was_cancelled(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    """As when the only session that asks for the model leaves."""
    puppet.models["shop", None] = ONE_ROW
    puppet.hold()
    look_up = asyncio.ensure_future(backend.discover(SHOP))
    await asyncio.to_thread(puppet.wait_for_requests, 1)
    look_up.cancel()
    puppet.release()
    with pytest.raises(UnusableModel):
        await backend.discover(SHOP)


async def test_a_graph_of_free_sizes_that_takes_the_channels_first(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    model = puppet.models["shop", None] = single({"image": FREE}, {"y": (FLOAT, (-1, 5))}, None)

    def channels_first(request: Any) -> Mapping[str, Any]:
        [image] = request.inputs.values()
        assert [dim.size for dim in image.tensor_shape.dim][1] == 3
        return {"y": np.ones((rows(request), 5), "f")}

    model.answer["serving_default"] = channels_first
    puppet.rejects = "input depth must be evenly divisible by filter depth"
    with pytest.raises(UnusableModel, match=r"channels first; it rejects \[N,H,W,3\]: .* depth"):
        await backend.discover(SHOP)


async def test_a_graph_of_free_sizes_that_takes_the_channels_last(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    answer = {"y": (FLOAT, (-1, 5))}
    puppet.models["shop", None] = single(
        {"image": FREE}, answer, lambda request: {"y": np.ones((rows(request), 5), "f")}
    )
    assert (await backend.discover(SHOP)).task == "tensors"


@pytest.mark.parametrize("free", [BYTES, (UINT8, (-1, -1, -1, 3))])
async def test_a_black_picture_that_is_rejected_proves_nothing(
    puppet: Puppet, backend: TensorFlowServing, free: Spec
) -> None:
    puppet.models["shop", None] = single({"image": free}, {"y": (FLOAT, (-1, 5))}, None)
    puppet.rejects = "no face in this picture"
    for _ in range(2):
        assert (await backend.discover(SHOP)).version == 1
    assert len(puppet.requests) == 1


async def test_a_model_server_that_fails_proves_nothing_and_is_asked_again(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["shop", None] = single({"image": BYTES}, {"y": (FLOAT, (-1, 5))}, None)
    puppet.rejects, puppet.rejects_with = "out of memory", grpc.StatusCode.RESOURCE_EXHAUSTED
    for _ in range(2):
        assert (await backend.discover(SHOP)).version == 1
    assert len(puppet.requests) == 2


async def test_a_model_that_leaves_no_doubt_is_not_asked(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector(description=None)
    await backend.discover(DIGITS)
    assert puppet.requests == []


@pytest.mark.parametrize(
    ("described", "seen", "words"),
    [
        ({}, 3, "class 3; .* allow classes from 0 to 2"),
        ({}, -1, "class -1"),
        ({"first_class": 1}, 0, "class 0; .* allow classes from 1 to 3"),
        ({"first_class": 1}, 4, "class 4"),
        ({"labels": [], "first_class": 1}, 0, "class 0; .* allow classes from 1 on"),
    ],
)
async def test_a_class_without_a_label(
    puppet: Puppet, backend: TensorFlowServing, described: dict[str, Any], seen: int, words: str
) -> None:
    model = puppet.models["digits", None] = detector(7, {**DESCRIPTION, **described})
    lane = (await backend.discover(DIGITS)).lanes["jpeg"]
    right = model.answer["serving_default"]
    model.answer["serving_default"] = changed(classes=np.array([[seen, 1]]))
    with pytest.raises(UnusableModel, match=words) as caught:
        await backend.infer(lane, [JPEG], 20.0)
    assert (caught.value.code, caught.value.retryable) == ("unusable_model", False)
    model.answer["serving_default"] = right
    with pytest.raises(UnusableModel, match=words):
        await backend.discover(DIGITS)


async def test_padding_needs_no_label(puppet: Puppet, backend: TensorFlowServing) -> None:
    model = puppet.models["digits", None] = detector(7, {**DESCRIPTION, "first_class": 1})
    del model.signatures["serving_default"].outputs["num_detections"]
    lane = (await backend.discover(DIGITS)).lanes["jpeg"]
    [answer] = (await backend.infer(lane, [JPEG], 20.0)).answers  # with a class of 0, scored 0
    assert not isinstance(answer, BadFrame)


@pytest.mark.parametrize(("seen", "fits"), [(2, True), (3, False), (-1, False)])
async def test_a_classifiers_class_without_a_label(
    puppet: Puppet, backend: TensorFlowServing, seen: int, fits: bool
) -> None:
    outputs: dict[str, Spec] = {"scores": (FLOAT, (-1, 1)), "classes": (FLOAT, (-1, 1))}
    puppet.models["shop", None] = single(
        {"image": BYTES},
        outputs,
        lambda request: {"scores": np.ones((1, 1), "f"), "classes": np.full((1, 1), seen, "f")},
    )
    described = {"shop": {"task": "classification", "labels": ["a", "b", "c"]}}
    labelled = TensorFlowServing(puppet.address, descriptions=described)
    lane = (await labelled.discover(SHOP)).lanes["jpeg"]
    if fits:
        assert (await labelled.infer(lane, [JPEG], 20.0)).answers[0].classes == [seen]  # type: ignore[union-attr]
    else:
        with pytest.raises(UnusableModel, match=f"class {seen}; .* from 0 to 2"):
            await labelled.infer(lane, [JPEG], 20.0)
    await labelled.close()


@pytest.mark.parametrize(
    ("described", "output", "shape", "words"),
    [
        ({"task": "keypoints"}, FLOAT, (1, 5, 2), r"shape \[2, 1, 5, 2\], not \[N,P,K,3\]"),
        ({"task": "keypoints", "labels": ["a"]}, FLOAT, (1, 5, 3), "5 points, for 1 label"),
        ({"task": "segmentation"}, INT64, (4,), r"int64 \[2, 4\], not integers \[N,H,W\]"),
        ({"task": "segmentation", "labels": ["a"]}, INT64, (4, 4), "class 1; .* from 0 to 0"),
        ({"task": "embedding"}, FLOAT, (2, 2), r"\[2, 2, 2\], not \[N,D\]"),
        ({"task": "map"}, FLOAT, (4,), r"\[2, 4\], not \[N,H,W\]"),
    ],
)
async def test_an_answer_that_contradicts_the_described_task(
    puppet: Puppet, described: dict[str, Any], output: int, shape: tuple[int, ...], words: str
) -> None:
    """Found at discovery, because the metadata leaves the shape open."""
    dtype = "f" if output == FLOAT else "i8"
    puppet.models["shop", None] = single(
        {"image": BYTES},
        {"any": (output, None)},
        lambda request: {"any": np.ones((rows(request), *shape), dtype)},
    )
    backend = TensorFlowServing(puppet.address, descriptions={"shop": described})
    with pytest.raises(UnusableModel, match=f"model shop, version 1, cannot be used: .*{words}"):
        await backend.discover(SHOP)
    await backend.close()
