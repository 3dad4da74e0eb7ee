"""Crops in the batcher: their turns, their window, and what becomes of those that wait."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from server.core.batching import Batcher
from server.core.messages import Frame
from server.core.model import Lane
from server.core.ring import Member, crops_of
from tests.server.core.batches import (
    NOTHING,
    STALE_S,
    A,
    B,
    batcher,
    member,
    offer,
    take,
    who,
)


def crops(session: str, count: int, received: float = 0.0) -> list[Member]:
    frames = (Frame(number, "rgb", b"", 1, 1) for number in range(count))
    return [Member(crops_of(session), frame, received) for frame in frames]


def cut(policy: Batcher, session: str, count: int, lane: Lane = B, now: float = 0.0) -> None:
    assert policy.offer_crops(crops(session, count, now), lane, now) == []


def of(batch_members: tuple[Member, ...]) -> str:
    return "".join(member.session[0] for member in batch_members)


def test_a_batch_takes_one_crop_per_turn() -> None:
    policy = batcher(max_batch=6, slots=3)
    cut(policy, "a", 9)
    cut(policy, "b", 2)
    offer(policy, "c", lane=B)
    assert of(take(policy).members) == "abcaba"
    assert of(take(policy).members) == "aaaaaa"
    assert policy.take(0.0) == NOTHING


def test_crops_travel_in_order_and_those_of_later_frames_wait_behind() -> None:
    policy = batcher(max_batch=3, slots=3)
    cut(policy, "a", 2)
    cut(policy, "a", 2)
    first, second = take(policy), take(policy)
    assert [m.frame.id for m in (*first.members, *second.members)] == [0, 1, 0, 1]


def test_a_session_has_its_frames_and_its_crops_in_different_lanes() -> None:
    policy = batcher(slots=2)
    cut(policy, "a", 1)
    offer(policy, "a")
    assert {take(policy).lane, take(policy).lane} == {A, B}


def test_a_held_frame_counts_as_in_a_batch() -> None:
    policy = batcher(window=2, slots=2)
    offer(policy, "a")
    batch = take(policy)
    policy.hold("a")
    policy.done(batch, 0.0, "answered")
    offer(policy, "a", i=2)
    assert policy.take(0.0) == NOTHING
    policy.land("a", 0.0)
    assert who(take(policy)) == "a"


def test_a_session_that_left_with_a_held_frame_leaves_nothing() -> None:
    policy = batcher(window=2)
    offer(policy, "a")
    batch = take(policy)
    policy.hold("a")
    policy.done(batch, 0.0, "answered")
    policy.quarantine("a", A)
    assert policy.forget("a") is None
    policy.quarantine("a", A)
    policy.land("a", 0.0)
    assert policy.statistics().quarantined == 0


def test_crops_that_are_too_old_expire_one_by_one() -> None:
    policy = batcher(max_batch=4)
    cut(policy, "a", 2)
    cut(policy, "a", 1, now=0.4)
    taken = policy.take(STALE_S)
    assert [m.received for m in taken.expired] == [0.0, 0.0]
    assert taken.batch is not None
    assert [m.received for m in taken.batch.members] == [0.4]


def test_crops_for_another_model_take_the_place_of_those_that_wait() -> None:
    policy = batcher()
    cut(policy, "a", 2)
    assert len(policy.offer_crops(crops("a", 1), A, 0.0)) == 2
    assert take(policy).lane == A
    assert policy.take(0.0) == NOTHING


def test_a_crop_in_quarantine_travels_alone_until_one_is_answered() -> None:
    policy = batcher(slots=9)
    policy.quarantine(crops_of("a"), B)
    cut(policy, "a", 3)
    cut(policy, "b", 2)
    assert of(take(policy).members) == "a"
    assert of(take(policy).members) == "bb"
    assert of(take(policy).members) == "a"
    policy.release(crops_of("a"), B)
    assert of(take(policy).members) == "a"


def test_enough_crops_wait_for_no_company() -> None:
    policy = batcher(max_batch=3, max_wait_s=0.1)
    cut(policy, "a", 2)
    assert policy.take(0.0) == NOTHING
    cut(policy, "a", 1)
    assert of(take(policy).members) == "aaa"


def test_waiting_crops_go_with_their_session_and_with_their_model() -> None:
    policy = batcher()
    cut(policy, "a", 2)
    cut(policy, "b", 1)
    offer(policy, "c")
    assert len(policy.forget_crops("a")) == 2
    assert policy.forget_crops("a") == []
    assert [m.session for m in policy.withdraw_all(B.model)] == [crops_of("b")]
    cut(policy, "b", 3)
    assert Counter(m.session for m in policy.withdraw_all()) == {"c": 1, crops_of("b"): 3}
    assert policy.waiting == 0


@given(st.lists(st.integers(1, 12), min_size=1, max_size=5), st.integers(1, 6))
def test_no_session_has_more_than_its_share_while_others_wait(
    counts: list[int], max_batch: int
) -> None:
    policy = batcher(max_batch=max_batch, slots=99)
    left = Counter({chr(ord("a") + i): count for i, count in enumerate(counts)})
    for session, count in left.items():
        cut(policy, session, count)
    gone: Counter[str] = Counter()
    while (taken := policy.take(0.0)).batch is not None:
        gone.update(of(taken.batch.members))
        waiting = [session for session in left if gone[session] < left[session]]
        assert all(gone[s] - gone[w] <= 1 for s in left for w in waiting)
    assert gone == left


def test_a_frame_is_no_crop() -> None:
    assert member("a").owner is None
