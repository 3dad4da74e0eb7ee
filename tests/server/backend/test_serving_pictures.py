"""What a model server's own decoder gets to see: nothing sideways, nothing that inflates."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from server.backend.serving import TensorFlowServing
from server.core.answers import Detections
from server.core.errors import BadFrame
from server.core.messages import Frame
from server.core.model import ModelKey
from tests.odd_pictures import png, quarters, saved
from tests.server.backend.puppet_models import BOX, detector, sent
from tests.server.backend.puppet_server import Puppet

DIGITS = ModelKey("digits")
FOUND = Detections([BOX], [0.75], [2])
UPRIGHT = quarters(64, 48)
JPEG = Frame(1, "jpeg", saved(UPRIGHT, "JPEG"), 64, 48)
SIDEWAYS = Frame(
    2, "jpeg", saved(UPRIGHT.transpose(Image.Transpose.ROTATE_90), "JPEG"), 48, 64, None, 6
)
PNG = Frame(3, "png", saved(UPRIGHT, "PNG"), 64, 48)
BOMB = Frame(4, "png", png((8, 8), 8, 2, bytes(20_000_000)), 8, 8)


async def test_only_good_upright_pictures_reach_the_graph(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector()
    lane = (await backend.discover(DIGITS)).lanes["jpeg"]
    inference = await backend.infer(lane, [JPEG, BOMB, SIDEWAYS, PNG], 20.0)
    first, bad, second, third = inference.answers
    assert isinstance(bad, BadFrame)
    assert "inflates beyond" in bad.message
    assert [first, second, third] == [FOUND] * 3
    jpeg, turned, untouched = sent(puppet.requests[-1]).string_val
    assert (jpeg, untouched) == (JPEG.data, PNG.data)
    pixels = np.asarray(Image.open(io.BytesIO(turned))).astype(int)
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels - np.asarray(UPRIGHT)).mean() < 8


async def test_a_batch_of_bad_pictures_is_never_sent(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector()
    lane = (await backend.discover(DIGITS)).lanes["png"]
    before = len(puppet.requests)
    inference = await backend.infer(lane, [BOMB, BOMB], 20.0)
    assert [type(answer) for answer in inference.answers] == [BadFrame] * 2
    assert len(puppet.requests) == before


async def test_a_lane_of_costly_frames_is_known_as_the_ordinary_one(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    puppet.models["digits", None] = detector()
    lane = (await backend.discover(DIGITS)).lanes["jpeg"]
    looked_up = len(puppet.requests)
    inference = await backend.infer(lane._replace(alone=True), [JPEG], 20.0)
    assert inference.answers == [FOUND]
    assert len(puppet.requests) == looked_up + 1, "nothing is discovered anew"
