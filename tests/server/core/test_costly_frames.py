"""Frames that are costly to decode: refused, budgeted by session, and apart from all others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.core.batching import Batcher
from server.core.bucket import TokenBucket
from server.core.errors import FrameTooLarge
from server.core.lanes import COSTLY, lane_of
from server.core.messages import Configure, Dropped, Frame, Hello, Options
from server.core.model import Lane, Model, ModelKey, Then
from server.core.session import FREE, Effect, Offer, Send, Session
from server.core.wire import check_picture
from tests.server.core.batches import NOTHING, A, B, batcher, due_at, member, offer, take, who
from tests.server.core.sessions import KEY, NOW
from tests.server.samples import LIMITS, picture

BYTES, PIXELS = Lane(KEY, "serving_default"), Lane(KEY, "serving_pixels", 16)
BOTH = Model(KEY, 1, "detection", lanes={"jpeg": BYTES, "png": BYTES, "rgb": PIXELS})
BYTES_ALONE = Model(KEY, 1, "detection", lanes={"jpeg": BYTES, "png": BYTES})
ALONE = A._replace(alone=True)
ALSO_ALONE = B._replace(alone=True)


def sent(frame_id: int = 1, cost: int = 0, orientation: int = 1, kind: str = "jpeg") -> Frame:
    return Frame(frame_id, kind, b"", 64, 48, None, orientation, cost)


def opened(budget: TokenBucket | None = None, options: Options | None = None) -> Session:
    session = Session("s1", LIMITS, 20.0, KEY, budget=budget)
    session.receive(Hello(options or Options()), NOW)
    session.update_model(BOTH)
    return session


def offered(effects: list[Effect]) -> Offer:
    [effect] = effects
    assert isinstance(effect, Offer)
    return effect


@pytest.mark.parametrize(
    ("model", "frame", "lane"),
    [
        (BOTH, sent(), BYTES),
        (BOTH, sent(cost=COSTLY - 1), BYTES),
        (BOTH, sent(cost=COSTLY), PIXELS._replace(alone=True)),
        (BOTH, sent()._replace(worst_cost=COSTLY), PIXELS._replace(alone=True)),
        (BOTH, sent(orientation=6), PIXELS),
        (BYTES_ALONE, sent(cost=COSTLY), BYTES._replace(alone=True)),
        (BYTES_ALONE, sent(orientation=6), BYTES),
        (BYTES_ALONE, sent(kind="webp"), None),
    ],
)
def test_lane_of_a_frame(model: Model, frame: Frame, lane: Lane | None) -> None:
    assert lane_of(model, frame) == lane


# The budget


def test_frames_over_the_budget_are_dropped_until_it_is_earned() -> None:
    session = opened(TokenBucket(32e6, 32e6))
    for frame_id in (1, 2):
        offered(session.receive(sent(frame_id, 16_000_000), NOW))
    assert session.receive(sent(3, 16_000_000), NOW) == [Send(Dropped(3, "rate_limited"))]
    offered(session.receive(sent(4, 16_000_000), NOW + 0.5))
    assert session.pending == {1, 2, 4}


def test_a_frame_for_two_models_is_charged_twice() -> None:
    session = opened(TokenBucket(32e6, 32e6), Options(then=Then(ModelKey("faces"))))
    assert session.receive(sent(1, 16_000_001), NOW + 1) == [
        Offer(sent(1, 16_000_001), PIXELS._replace(alone=True))
    ]
    assert session.receive(sent(2, FREE + 1), NOW + 1) == [Send(Dropped(2, "rate_limited"))]


def test_small_frames_are_never_charged() -> None:
    session = opened(TokenBucket(1.0, 1.0))
    for frame_id in range(100):
        offered(session.receive(sent(frame_id, FREE), NOW))


@pytest.mark.parametrize(("pixels", "per_second"), [(1280 * 720, 30), (1920 * 1080, 15)])
def test_cameras_keep_within_the_default_budget(pixels: int, per_second: int) -> None:
    session = opened(TokenBucket(32e6, 32e6))
    for i in range(20 * per_second):
        offered(session.receive(sent(i, pixels), NOW + i / per_second))


def test_a_picture_that_costs_more_than_the_whole_budget_takes_all_of_it() -> None:
    session = opened(TokenBucket(32e6, 32e6))
    offered(session.receive(sent(1, 60_000_000), NOW))
    assert session.receive(sent(2, FREE + 1), NOW) == [Send(Dropped(2, "rate_limited"))]
    offered(session.receive(sent(3, 60_000_000), NOW + 1))


def test_a_frame_that_costs_too_much_is_refused_with_the_figures() -> None:
    limits = replace(LIMITS, max_cost=12_575)
    assert check_picture("jpeg", picture("jpeg"), limits).cost == 64 * 48
    with pytest.raises(FrameTooLarge, match="this png of 64x48 costs as much as 12576 pixels"):
        check_picture("png", picture("png"), limits)
    assert check_picture("png", picture("png"), LIMITS).cost == 12_576
    with pytest.raises(FrameTooLarge, match="1001x1000 is 1001000 pixels; the limit is 1000000"):
        check_picture("png", picture("png", 1001, 1000), LIMITS)


# Orientation


@pytest.mark.parametrize(
    ("options", "orientation"),
    [
        (Options(), 1),
        (Options(orientation="ignore"), 1),
        (Options(orientation="apply"), 6),
    ],
)
def test_frames_are_turned_where_the_session_asks_for_it(
    options: Options, orientation: int
) -> None:
    session = opened(options=options)
    effect = offered(session.receive(sent(orientation=6), NOW))
    assert effect.frame.orientation == orientation
    assert effect.lane == (BYTES if orientation == 1 else PIXELS)


def test_the_orientation_option_may_change() -> None:
    session = opened()
    session.receive(Configure(Options(orientation="apply")), NOW)
    assert offered(session.receive(sent(1, orientation=8), NOW)).frame.orientation == 8
    session.receive(Configure(Options(min_score=0.1)), NOW)
    assert offered(session.receive(sent(2, orientation=8), NOW)).frame.orientation == 8
    session.receive(Configure(Options(orientation="ignore")), NOW)
    assert offered(session.receive(sent(3, orientation=8), NOW)).frame.orientation == 1


def test_a_frame_is_led_to_another_lane_like_a_new_one() -> None:
    session = opened()
    assert session.lane(sent(cost=COSTLY)) == PIXELS._replace(alone=True)
    assert Session("s2", LIMITS, 20.0, KEY).lane(sent()) is None


# Apart from all others


def test_costly_frames_go_one_by_one_in_one_call_at_a_time() -> None:
    policy = batcher(slots=3)
    offer(policy, "a", "b", lane=ALONE)
    offer(policy, "c", lane=ALSO_ALONE)
    first = take(policy)
    assert who(first) == "a"
    assert due_at(policy) is None
    offer(policy, "d", "e", lane=A)
    assert who(take(policy)) == "de"
    policy.done(first, 0.1, "answered")
    assert who(take(policy)) == "c"
    assert policy.take(0.1) == NOTHING


def test_a_costly_frame_does_not_wait_for_company() -> None:
    policy: Batcher = batcher(max_wait_s=0.1)
    assert policy.offer(member("a"), ALONE, 0.0) is None
    assert who(take(policy)) == "a"
