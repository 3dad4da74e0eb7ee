"""Sessions in every state, and assertions on what they answer."""

from __future__ import annotations

from collections.abc import Sequence

from server.core.answers import Detections
from server.core.bucket import TokenBucket
from server.core.errors import (
    BackendUnavailable,
)
from server.core.messages import (
    Error,
    Hello,
    Result,
    Timing,
)
from server.core.model import Lane, Model, ModelKey
from server.core.session import (
    Effect,
    Offer,
    Send,
    Session,
)
from tests.server.samples import LIMITS, frame

KEY = ModelKey("digits", "stable")
LANE = Lane(KEY, "serving_default")
MODEL = Model(KEY, 1, "detection", lanes={"jpeg": LANE, "png": LANE})
ANSWER = Detections([[0, 0, 1, 1], [0, 0, 0.5, 0.5]], [0.9, 0.4], [7, 3])
GONE = BackendUnavailable("no model server answers")
NOW = 1000.0


def new(rate: TokenBucket | None = None) -> Session:
    return Session("s1", LIMITS, 20.0, KEY, rate)


def opened(rate: TokenBucket | None = None) -> Session:
    """A session after its welcome, with a model."""
    session = new(rate)
    session.receive(Hello(), NOW)
    session.update_model(MODEL)
    return session


def draining() -> Session:
    session = opened()
    session.drain(1000, "stops")
    return session


def closed() -> Session:
    session = opened()
    session.close()
    return session


def result(frame_id: int) -> Result:
    return Result(frame_id, 1, 1, Timing(1, 2, 3), ANSWER)


def accept(session: Session, *frame_ids: int) -> None:
    for frame_id in frame_ids:
        [effect] = session.receive(frame(frame_id), NOW)
        assert isinstance(effect, Offer)


def assert_error(
    effects: Sequence[Effect], code: str, words: str = "", frame_id: int | None = None
) -> None:
    [effect] = effects
    assert isinstance(effect, Send)
    assert isinstance(effect.message, Error)
    assert (effect.message.code, effect.message.id) == (code, frame_id)
    assert words in effect.message.message
