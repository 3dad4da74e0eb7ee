"""A version replaces one with another input while frames of the old one are under way."""

from __future__ import annotations

import io
import itertools
from typing import Any

import grpc
import numpy as np
import pytest
from PIL import Image

from server.backend.interface import Inference, LaneChanged
from server.backend.serving import TensorFlowServing
from server.core.answers import Detections
from server.core.errors import BatchRejected, ModelFailed
from server.core.lanes import lane_of
from server.core.messages import Frame
from server.core.model import Lane, Model, ModelKey
from tests.server.backend.puppet_models import BOX, BYTES, DETECTION, detect, single
from tests.server.backend.puppet_server import FLOAT, UINT8, Puppet, PuppetModel, Spec

SHOP = ModelKey("shop")
INPUTS: dict[str, tuple[str, Spec]] = {
    "bytes": ("image", BYTES),
    "bytes, another name": ("picture", BYTES),
    "one picture of any size": ("input_tensor", (UINT8, (1, -1, -1, 3))),
    "one picture, the same name": ("image", (UINT8, (1, -1, -1, 3))),
    "pixels": ("image", (UINT8, (-1, 8, 8, 3))),
    "larger pixels": ("image", (UINT8, (-1, 16, 16, 3))),
    "float pixels": ("image", (FLOAT, (-1, 8, 8, 3))),
    "four pictures": ("image", (UINT8, (4, 8, 8, 3))),
}


def jpeg(number: int) -> Frame:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG")
    return Frame(number, "jpeg", buffer.getvalue(), 8, 8)


def version(number: int, alias: str, spec: Spec) -> PuppetModel:
    """A detector whose class is its version."""

    def answer(request: Any) -> dict[str, Any]:
        found = detect(request)
        return {**found, "detection_classes": np.full_like(found["detection_classes"], number)}

    model = single({alias: spec}, DETECTION, answer)
    model.version = number
    return model


async def send(backend: TensorFlowServing, lane: Lane, frames: list[Frame]) -> list[Inference]:
    """Send frames as the dispatcher does: in parts if rejected, and where their lane leads now."""
    limit = lane.max_batch or len(frames)
    parts = [frames[start : start + limit] for start in range(0, len(frames), limit)]
    return [inference for part in parts for inference in await _send(backend, lane, part)]


async def _send(backend: TensorFlowServing, lane: Lane, frames: list[Frame]) -> list[Inference]:
    try:
        return [await backend.infer(lane, frames, 20.0)]
    except LaneChanged as error:
        other = lane_of(error.model, frames[0])
        assert other is not None
        assert other != lane
        return await send(backend, other, frames)


@pytest.mark.parametrize(("before", "after"), [*itertools.permutations(INPUTS, 2)])
async def test_no_frame_fails(
    puppet: Puppet, backend: TensorFlowServing, before: str, after: str
) -> None:
    puppet.models["shop", None] = version(7, *INPUTS[before])
    model: Model = await backend.discover(SHOP)
    puppet.models["shop", None] = version(8, *INPUTS[after])
    frames = [jpeg(number) for number in range(4)]
    for _ in range(2):  # those under way, and those that had waited in the old lane
        inferences = await send(backend, model.lanes["jpeg"], frames)
        answers = [answer for inference in inferences for answer in inference.answers]
        assert {inference.model_version for inference in inferences} == {8}
        assert answers == [Detections([BOX], [0.75], [7])] * 4  # class 8, counted from 1


async def test_raw_pixels_do_not_go_to_a_graph_that_decodes(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["shop", None] = version(7, *INPUTS["pixels"])
    lane = (await backend.discover(SHOP)).lanes["rgb"]
    puppet.models["shop", None] = version(8, *INPUTS["bytes"])
    with pytest.raises(LaneChanged) as caught:
        await backend.infer(lane, [Frame(1, "rgb", bytes(192), 8, 8)], 20.0)
    assert "rgb" not in caught.value.model.lanes
    assert isinstance(caught.value, ModelFailed)
    assert caught.value.retryable


async def test_a_picture_is_to_blame_if_the_version_has_not_changed(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["shop", None] = version(7, *INPUTS["bytes"])
    lane = (await backend.discover(SHOP)).lanes["jpeg"]
    puppet.rejects = "cannot decode"
    with pytest.raises(BatchRejected, match="cannot decode"):
        await backend.infer(lane, [jpeg(1)], 20.0)


async def test_a_lost_model_server_leaves_the_error_as_it_is(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["shop", None] = version(7, *INPUTS["bytes"])
    lane = (await backend.discover(SHOP)).lanes["jpeg"]
    puppet.fail(grpc.StatusCode.INTERNAL, "no kernel")
    with pytest.raises(ModelFailed, match="no kernel"):
        await backend.infer(lane, [jpeg(1)], 20.0)
