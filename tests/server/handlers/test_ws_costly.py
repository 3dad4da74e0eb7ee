"""Frames that are costly to decode: told to their sender, unnoticed by others."""

from __future__ import annotations

from tests.server.handlers.conftest import Serve
from tests.server.handlers.socket_client import SocketClient
from tests.server.samples import picture

MEGAPIXEL = picture("png", 1000, 500)
"""Costs 2.003 megapixels of a baseline JPEG."""


async def test_beyond_the_budget_frames_are_dropped(serve: Serve) -> None:
    served = serve(max_megapixels_per_s=4.1)
    client = await SocketClient.open(served)
    neighbour = await SocketClient.open(served)
    outcomes = []
    for frame_id in range(20):
        client.shoot(frame_id, format="png", data=MEGAPIXEL)
        outcome = await client.read()
        outcomes.append((outcome["type"], outcome.get("reason")))
    assert outcomes[:2] == [("result", None)] * 2
    assert ("dropped", "rate_limited") in outcomes[2:]
    await neighbour.works()


async def test_a_frame_above_half_a_seconds_budget_is_refused(serve: Serve) -> None:
    client = await SocketClient.open(serve(max_megapixels_per_s=3.9))
    client.shoot(1, format="png", data=MEGAPIXEL)
    error = await client.read()
    assert (error["type"], error["code"], error["id"]) == ("error", "frame_too_large", 1)
    assert (
        "costs as much as 2003000 pixels of a baseline jpeg; the limit is 1950000"
        in error["message"]
    )
    await client.works()


async def test_without_a_budget_everything_within_max_pixels_is_taken(serve: Serve) -> None:
    client = await SocketClient.open(serve(max_megapixels_per_s=0.0))
    for frame_id in range(5):
        client.shoot(frame_id, format="png", data=MEGAPIXEL)
        assert (await client.read())["type"] == "result"
