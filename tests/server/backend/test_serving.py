"""Batches there and back: every kind of input, neighbours of broken frames, new versions."""

from __future__ import annotations

import io
import time

import grpc
import numpy as np
import pytest
from PIL import Image

from server.backend.interface import Backend, LaneChanged
from server.backend.serving import TensorFlowServing
from server.backend.stubs import predict_pb2
from server.core.answers import Classification, Detections, Tensor, Tensors
from server.core.errors import BadFrame, ModelFailed, UnusableModel
from server.core.messages import Frame
from server.core.model import Lane, ModelKey
from tests.server.backend.puppet_models import (
    BOX,
    BYTES,
    DESCRIPTION,
    DETECTION,
    detect,
    detector,
    rows,
    sent,
    sent_pixels,
    single,
)
from tests.server.backend.puppet_server import FLOAT, STRING, UINT8, Puppet, signature

DIGITS = ModelKey("digits")
FOUND = Detections([BOX], [0.75], [2])


def jpeg(number: int = 0) -> Frame:
    return Frame(number, "jpeg", b"jpeg %d" % number, 8, 8)


def rgb(value: int, width: int = 8, height: int = 8) -> Frame:
    return Frame(value, "rgb", bytes([value]) * (width * height * 3), width, height)


async def test_it_is_a_backend(backend: TensorFlowServing) -> None:
    checked: Backend = backend
    assert checked is backend


async def test_bytes_go_as_they_came(puppet: Puppet, backend: TensorFlowServing) -> None:
    puppet.models["digits", None] = detector()
    model = await backend.discover(DIGITS)
    inference = await backend.infer(model.lanes["jpeg"], [jpeg(i) for i in range(16)], 20.0)
    assert inference.model_version == 7
    assert inference.answers == [FOUND] * 16
    request = puppet.requests[-1]
    assert list(sent(request).string_val) == [b"jpeg %d" % i for i in range(16)]
    assert request.model_spec.signature_name == "serving_default"
    assert sorted(request.output_filter) == sorted(DETECTION)


@pytest.mark.parametrize("frame", [jpeg(), rgb(10)], ids=["bytes", "pixels"])
async def test_the_call_is_timed_on_both_sides(
    puppet: Puppet, backend: TensorFlowServing, frame: Frame
) -> None:
    puppet.models["digits", None] = detector()
    model = await backend.discover(DIGITS)
    began = time.monotonic()
    silent = (await backend.infer(model.lanes[frame.format], [frame], 20.0)).timing
    assert silent is not None
    assert began <= silent.sent < silent.received <= time.monotonic()
    assert silent.server_s is None
    puppet.server_timing = "cpu;dur=1, total;dur=12.5"
    timing = (await backend.infer(model.lanes[frame.format], [frame], 20.0)).timing
    assert timing is not None
    assert timing.server_s == 0.0125


async def test_pixels_go_in_order(puppet: Puppet, backend: TensorFlowServing) -> None:
    puppet.models["digits", None] = detector()
    model = await backend.discover(DIGITS)
    frames = [rgb(10), rgb(20, 32, 16), rgb(30, 1, 1)]
    inference = await backend.infer(model.lanes["rgb"], frames, 20.0)
    assert inference.answers == [FOUND] * 3
    pixels = sent_pixels(puppet.requests[-1])
    assert pixels.shape == (3, 8, 8, 3)
    assert [int(picture.mean()) for picture in pixels] == [10, 20, 30]


async def test_broken_frames_keep_their_place(puppet: Puppet, backend: TensorFlowServing) -> None:
    puppet.models["digits", None] = detector()
    model = await backend.discover(DIGITS)
    broken = Frame(2, "webp", b"RIFF....WEBP", 8, 8)
    inference = await backend.infer(model.lanes["webp"], [rgb(1), broken, rgb(3)], 20.0)
    first, wrong, last = inference.answers
    assert (first, last) == (FOUND, FOUND)
    assert isinstance(wrong, BadFrame)
    assert rows(puppet.requests[-1]) == 2


async def test_batch_of_broken_frames_costs_no_call(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector()
    model = await backend.discover(DIGITS)
    before = len(puppet.requests)
    inference = await backend.infer(model.lanes["webp"], [Frame(1, "webp", b"", 8, 8)] * 2, 20.0)
    assert inference.model_version == 7
    assert all(isinstance(answer, BadFrame) for answer in inference.answers)
    assert len(puppet.requests) == before


async def test_letterboxed_frame_gets_boxes_of_itself(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    picture = {"width": 8, "height": 8, "resize": "letterbox"}
    puppet.models["digits", None] = detector(description={**DESCRIPTION, "input": picture})
    model = await backend.discover(DIGITS)
    frames = [rgb(9, 16, 8), Frame(1, "webp", b"", 8, 8), rgb(9, 8, 8)]
    wide, _, square = (await backend.infer(model.lanes["rgb"], frames, 20.0)).answers
    # The wide frame fills the middle half of the input's height.
    x0, y0, x1, y1 = BOX
    assert wide == Detections([[x0, (y0 - 0.25) * 2, x1, (y1 - 0.25) * 2]], [0.75], [2])
    assert square == FOUND


async def test_zoo_detector(puppet: Puppet, backend: TensorFlowServing) -> None:
    """One frame a call, in its own size, from whatever format."""
    puppet.models["zoo", None] = single(
        {"input_tensor": (UINT8, (1, -1, -1, 3))}, DETECTION, detect
    )
    model = await backend.discover(ModelKey("zoo"))
    stream = io.BytesIO()
    Image.new("RGB", (20, 10), (200, 0, 0)).save(stream, "jpeg")
    frame = Frame(1, "jpeg", stream.getvalue(), 20, 10)
    lane = model.lanes["jpeg"]
    assert lane.max_batch == 1
    assert (await backend.infer(lane, [frame], 20.0)).answers == [Detections([BOX], [0.75], [1])]
    assert sent_pixels(puppet.requests[-1]).shape == (1, 10, 20, 3)


async def test_fixed_batch_is_filled_up_and_cut_again(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    letterbox = {"width": 8, "height": 8, "resize": "letterbox"}
    backend_of_four = TensorFlowServing(puppet.address, descriptions={"four": {"input": letterbox}})
    puppet.models["four", None] = single({"image": (FLOAT, (4, 8, 8, 3))}, DETECTION, detect)
    model = await backend_of_four.discover(ModelKey("four"))
    lane = model.lanes["rgb"]
    assert lane.max_batch == 4
    inference = await backend_of_four.infer(lane, [rgb(255), rgb(51)], 20.0)
    assert len(inference.answers) == 2
    pixels = sent_pixels(puppet.requests[-1])
    assert np.allclose(pixels.mean(axis=(1, 2, 3)), [1.0, 0.2, 0.2, 0.2])
    await backend_of_four.close()


async def test_fixed_batch_of_bytes(puppet: Puppet, backend: TensorFlowServing) -> None:
    puppet.models["four", None] = single({"image": (STRING, (4,))}, DETECTION, detect)
    model = await backend.discover(ModelKey("four"))
    inference = await backend.infer(model.lanes["jpeg"], [jpeg(1), jpeg(2)], 20.0)
    assert inference.answers == [Detections([BOX], [0.75], [1])] * 2
    assert list(sent(puppet.requests[-1]).string_val) == [b"jpeg 1", *[b"jpeg 2"] * 3]


async def test_raw_tensors(puppet: Puppet, backend: TensorFlowServing) -> None:
    def embed(request: object) -> dict[str, object]:
        n = rows(request)
        return {"embedding": np.arange(2 * n, dtype="f").reshape(n, 2), "epoch": np.array(9)}

    outputs = {"embedding": (FLOAT, (-1, 2)), "epoch": (FLOAT, ())}
    puppet.models["faces", None] = single({"image": BYTES}, outputs, embed)
    model = await backend.discover(ModelKey("faces"))
    assert model.task == "tensors"
    _, second = (await backend.infer(model.lanes["jpeg"], [jpeg(), jpeg()], 20.0)).answers
    assert isinstance(second, Tensors)
    embedding = np.array([2, 3], "<f4").tobytes()
    assert second.outputs["embedding"] == Tensor("float32", (2,), embedding)
    assert second.outputs["epoch"].shape == ()


@pytest.mark.parametrize("wrong", [1, 3])
async def test_answer_for_another_batch_makes_the_model_unusable(
    puppet: Puppet, backend: TensorFlowServing, wrong: int
) -> None:
    model = puppet.models["digits", None] = detector()
    found = await backend.discover(DIGITS)
    one = detect(_request_of(1))
    many = {name: np.concatenate([values] * wrong) for name, values in one.items()}
    model.answer["serving_default"] = lambda request: many
    with pytest.raises(UnusableModel, match="for a batch of 2"):
        await backend.infer(found.lanes["jpeg"], [jpeg(), jpeg()], 20.0)
    with pytest.raises(UnusableModel, match=r"version 7, cannot be used: .* for a batch of 2"):
        await backend.discover(DIGITS)


def _request_of(n: int) -> object:
    request = predict_pb2.PredictRequest()
    request.inputs["image"].tensor_shape.dim.add(size=n)
    return request


async def test_new_version_is_read_by_its_own_contract_from_its_first_answer_on(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector(7)
    model = await backend.discover(DIGITS)
    puppet.models["digits", None] = detector(8, {**DESCRIPTION, "first_class": 1})
    after = await backend.infer(model.lanes["jpeg"], [jpeg()], 20.0)
    assert (after.model_version, after.answers) == (8, [Detections([BOX], [0.75], [1])])
    assert after.model is not None
    assert (after.model.version, after.model.key) == (8, DIGITS)
    # The old one may answer once more, and is read as the old one.
    puppet.models["digits", None] = detector(7)
    again = await backend.infer(model.lanes["jpeg"], [jpeg()], 20.0)
    assert (again.model_version, again.answers, again.model) == (7, [FOUND], None)


async def test_requests_are_made_by_what_was_learnt_last(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    """Also when the newest version was withdrawn and an older one serves again."""
    old, new = detector(7), detector(8)
    new.signatures["serving_default"] = signature({"picture": BYTES}, DETECTION)
    for version, alias in ((old, "image"), (new, "picture"), (old, "image")):
        puppet.models["digits", None] = version
        model = await backend.discover(DIGITS)
        await backend.infer(model.lanes["jpeg"], [jpeg()], 20.0)
        assert list(puppet.requests[-1].inputs) == [alias]


def scored(request: object) -> dict[str, object]:
    return {"scores": np.tile(np.array([0.25, 0.75], "f"), (rows(request), 1))}


async def test_new_version_with_other_outputs_is_learnt_at_once(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    """A label that moves costs no frame its result."""
    puppet.models["digits", None] = single(
        {"image": BYTES}, {"probabilities": (FLOAT, (-1, 2))}, scored
    )
    model = await backend.discover(DIGITS)
    puppet.models["digits", None] = single({"image": BYTES}, {"scores": (FLOAT, (-1, 2))}, scored)
    puppet.models["digits", None].version = 8
    found = await backend.infer(model.lanes["jpeg"], [jpeg()], 20.0)
    assert found.model_version == 8
    assert found.answers == [Classification([1, 0], [0.75, 0.25])]


async def test_new_version_with_another_input_fails_once_and_is_learnt(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector(7)
    model = await backend.discover(DIGITS)
    changed = puppet.models["digits", None] = detector(8)
    changed.signatures["serving_default"] = signature({"picture": BYTES}, DETECTION)
    puppet.fail(
        grpc.StatusCode.INVALID_ARGUMENT,
        "input size does not match signature: 1!=1 len({picture}) != len({image}). "
        "Sent extra: {image}. Missing but required: {picture}.",
    )
    with pytest.raises(ModelFailed, match="signature has changed"):
        await backend.infer(model.lanes["jpeg"], [jpeg()], 20.0)
    puppet.recover()
    assert (await backend.infer(model.lanes["jpeg"], [jpeg()], 20.0)).answers == [FOUND]
    assert list(puppet.requests[-1].inputs) == ["picture"]


async def test_lane_that_another_backend_discovered_is_learnt(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector()
    lane = Lane(DIGITS, "serving_default", 64)
    assert (await backend.infer(lane, [jpeg()], 20.0)).answers == [FOUND]
    with pytest.raises(LaneChanged) as caught:
        await backend.infer(Lane(DIGITS, "other", 64), [jpeg()], 20.0)
    assert caught.value.model.lanes["jpeg"] == lane
