"""Which lane a frame travels in, depending on its format and on what decoding it costs."""

from __future__ import annotations

from server.core.messages import Frame
from server.core.model import Lane, Model
from server.core.pictures import UPRIGHT

COSTLY = 4_000_000
"""From this cost on, a frame would keep its batch waiting, so it travels alone."""


def lane_of(model: Model, frame: Frame) -> Lane | None:
    """Return the lane that ``frame`` travels in, or None if ``model`` does not take its format.

    A picture that has to be turned, or is costly, is decoded in the gateway, once, where
    the model takes pixels. Otherwise it travels like any other of its format.
    """
    lane = model.lanes.get(frame.format)
    if lane is None:
        return None
    costly = frame.cost >= COSTLY or frame.worst_cost >= COSTLY
    if costly or frame.orientation != UPRIGHT:
        lane = model.lanes.get("rgb", lane)
    return lane._replace(alone=True) if costly else lane
