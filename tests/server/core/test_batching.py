"""The batching policy, sentence by sentence, with a clock that stands still."""

from __future__ import annotations

from typing import Any

import pytest

from server.core.batching import Batch, Batcher, Member, Taken, halves
from server.core.messages import Frame
from server.core.model import Lane, ModelKey

A = Lane(ModelKey("digits"), "serving_default")
B = Lane(ModelKey("cats"), "serving_default")
ONE = Lane(ModelKey("zoo"), "serving_default", max_batch=1)
STALE_S = 0.5


def batcher(**changes: Any) -> Batcher:
    values = {"max_batch": 4, "slots": 1, "window": 4, "max_staleness_s": STALE_S, **changes}
    return Batcher(**values)


def member(session: str, frame_id: int = 1, received: float = 0.0) -> Member:
    return Member(session, Frame(frame_id, "jpeg", b"", 1, 1), received)


def offer(policy: Batcher, *sessions: str, lane: Lane = A, now: float = 0.0, i: int = 1) -> None:
    for session in sessions:
        assert policy.offer(member(session, i, now), lane, now) is None


def take(policy: Batcher, now: float = 0.0) -> Batch:
    """The next batch, of which there is one, and nobody was too old."""
    taken = policy.take(now)
    assert taken.batch is not None
    assert not taken.expired
    return taken.batch


def who(batch: Batch) -> str:
    return "".join(member.session for member in batch.members)


NOTHING = Taken(None, [])


# A session has at most one frame waiting; a newer one replaces it.


def test_a_newer_frame_replaces_the_waiting_one() -> None:
    policy = batcher()
    offer(policy, "a")
    assert policy.offer(member("a", 2), A, 0.0) == (member("a", 1), "superseded")
    assert policy.waiting == 1
    assert take(policy).members == (member("a", 2),)


def test_a_replaced_frames_successor_keeps_its_place() -> None:
    policy = batcher(max_batch=1)
    offer(policy, "a", "b")
    policy.offer(member("a", 2), A, 0.0)
    assert who(take(policy)) == "a"


def test_the_newest_frame_wins_across_lanes() -> None:
    policy = batcher(slots=2)
    offer(policy, "a", lane=A)
    assert policy.offer(member("a", 2), B, 0.0) == (member("a", 1), "superseded")
    assert take(policy).lane == B
    assert policy.take(0.0) == NOTHING


def test_the_newest_frame_wins_while_the_window_is_full() -> None:
    policy = batcher(window=2)
    offer(policy, "a")
    batch = take(policy)
    offer(policy, "a", i=2)
    assert policy.offer(member("a", 3), B, 0.0) == (member("a", 2), "superseded")
    policy.done(batch, 0.0)
    assert take(policy) == Batch(B, (member("a", 3),), 0.0)


# Sessions with a waiting frame stand in a ring.


def test_a_batch_takes_one_frame_from_each_session_in_turn() -> None:
    policy = batcher()
    offer(policy, *"abcdef")
    batch = take(policy)
    assert who(batch) == "abcd"
    offer(policy, "a", i=2)
    policy.done(batch, 0.0)
    assert who(take(policy)) == "efa"


def test_a_lane_of_batches_of_one() -> None:
    policy = batcher(slots=3)
    offer(policy, *"abcd", lane=ONE)
    assert [who(take(policy)) for _ in range(3)] == ["a", "b", "c"]
    assert policy.take(0.0) == NOTHING


def test_max_batch_holds_where_the_lane_allows_more() -> None:
    policy = batcher(max_batch=2)
    offer(policy, *"abc", lane=Lane(ModelKey("m"), "s", max_batch=100))
    assert who(take(policy)) == "ab"


def test_lanes_take_turns() -> None:
    policy = batcher(max_batch=1)
    offer(policy, *"abc", lane=A)
    offer(policy, *"xyz", lane=B)
    order = []
    for _ in range(6):
        batch = take(policy)
        order.append(who(batch))
        policy.done(batch, 0.0)
    assert order == ["a", "x", "b", "y", "c", "z"]


# Up to window - 1 of a session's frames may be in batches under way.


def test_a_session_waits_with_its_window_full() -> None:
    policy = batcher(slots=9, window=3)
    batches = []
    for frame_id in (1, 2):
        offer(policy, "a", i=frame_id)
        batches.append(take(policy))
    offer(policy, "a", i=3)
    assert policy.take(0.0) == NOTHING
    assert policy.waiting == 1
    assert policy.next_deadline() is None
    offer(policy, "b")
    policy.done(batches[0], 0.0)
    # It joins at the end.
    assert who(take(policy)) == "ba"


def test_the_smallest_window_still_lets_frames_through() -> None:
    policy = batcher(window=1)
    offer(policy, "a")
    assert who(take(policy)) == "a"


# Dispatch at once when a slot is free; while all are busy, frames gather.


def test_a_lone_camera_never_waits() -> None:
    policy = batcher()
    offer(policy, "a")
    assert policy.next_deadline() == 0.0
    assert who(take(policy)) == "a"


def test_frames_gather_while_all_slots_are_busy() -> None:
    policy = batcher()
    offer(policy, "a")
    batch = take(policy)
    offer(policy, *"bcd")
    assert policy.take(0.0) == NOTHING
    assert policy.next_deadline() is None
    policy.done(batch, 0.1)
    assert who(take(policy, 0.1)) == "bcd"


def test_max_wait_waits_for_company() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, "a", now=1.000)
    offer(policy, "b", now=1.004)
    assert policy.take(1.004) == NOTHING
    assert policy.next_deadline() == pytest.approx(1.010)
    assert who(take(policy, 1.010)) == "ab"


def test_max_wait_ends_with_a_full_batch() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, *"abc", now=1.0)
    assert policy.take(1.0) == NOTHING
    offer(policy, "d", now=1.001)
    assert who(take(policy, 1.001)) == "abcd"


def test_who_is_left_over_waits_no_longer_than_its_own_time() -> None:
    policy = batcher(max_wait_s=0.010, slots=2)
    offer(policy, *"abc", now=1.0)
    offer(policy, *"de", now=1.006)
    assert who(take(policy, 1.006)) == "abcd"
    assert policy.next_deadline() == pytest.approx(1.016)
    busy = batcher(max_wait_s=0.010, max_batch=2)
    offer(busy, "x", now=0.0)
    batch = take(busy, 0.010)
    offer(busy, *"abc", now=0.010)
    busy.done(batch, 0.1)
    batch = take(busy, 0.1)
    assert who(batch) == "ab"
    busy.done(batch, 0.1)
    # c has waited for longer than max_wait while the slot was busy.
    assert who(take(busy, 0.1)) == "c"


def test_replacing_ones_frame_does_not_put_the_batch_off() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, "a", now=1.0)
    policy.offer(member("a", 2, 1.009), A, 1.009)
    assert policy.next_deadline() == pytest.approx(1.010)
    assert who(take(policy, 1.010)) == "a"


def test_the_nearest_of_several_deadlines() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, "a", lane=A, now=1.0)
    offer(policy, "x", lane=B, now=1.004)
    assert policy.next_deadline() == pytest.approx(1.010)
    policy.withdraw("a")
    assert policy.next_deadline() == pytest.approx(1.014)
    policy.withdraw("x")
    assert policy.next_deadline() is None


# At dispatch, every member's staleness is checked.


def test_the_too_old_are_expired_and_take_no_place() -> None:
    policy = batcher(max_batch=2)
    offer(policy, *"ab", now=0.0)
    offer(policy, *"cde", now=0.4)
    taken = policy.take(0.5)
    assert [m.session for m in taken.expired] == ["a", "b"]
    assert taken.batch is not None
    assert who(taken.batch) == "cd"


def test_a_lane_with_only_stale_frames_gives_its_turn_away() -> None:
    policy = batcher()
    offer(policy, "a", lane=A, now=0.0)
    offer(policy, "x", lane=B, now=0.4)
    taken = policy.take(0.6)
    assert [m.session for m in taken.expired] == ["a"]
    assert taken.batch is not None
    assert taken.batch.lane == B


def test_only_stale_frames_are_told_without_a_batch() -> None:
    policy = batcher()
    offer(policy, "a")
    assert policy.take(9.0) == Taken(None, [member("a")])
    assert policy.statistics().calls == 0
    assert policy.waiting == 0


def test_the_youngest_members_budget_is_the_calls() -> None:
    policy = batcher()
    members = [member("a", received=1.0), member("b", received=1.3)]
    assert policy.budget_s(members, 1.4) == pytest.approx(0.4)
    assert not policy.is_stale(members[0], 1.499)
    assert policy.is_stale(members[0], 1.5)


# A session whose frame was refused travels alone.


def test_a_suspect_travels_alone_until_it_is_trusted() -> None:
    policy = batcher(slots=9)
    policy.suspect("b")
    offer(policy, *"abcd")
    # The others do not wait for it, and it does not wait for them twice.
    assert who(take(policy)) == "acd"
    offer(policy, "e")
    assert who(take(policy)) == "b"
    assert who(take(policy)) == "e"
    policy.trust("b")
    offer(policy, *"ab", i=2)
    assert who(take(policy)) == "ab"


def test_suspects_keep_their_order() -> None:
    policy = batcher(slots=9)
    for session in "bcd":
        policy.suspect(session)
    offer(policy, *"abcd")
    assert [who(take(policy)) for _ in range(4)] == ["a", "b", "c", "d"]


def test_suspects_do_not_wait_for_company_again() -> None:
    policy = batcher(slots=9, max_wait_s=0.010)
    policy.suspect("a")
    policy.suspect("b")
    offer(policy, *"ab", now=1.0)
    assert who(take(policy, 1.010)) == "a"
    assert who(take(policy, 1.010)) == "b"


def test_nothing_is_kept_of_a_suspect_that_left() -> None:
    policy = batcher()
    offer(policy, "a")
    batch = take(policy)
    policy.suspect("a")
    policy.forget("a")
    assert policy.statistics().suspects == 0
    policy.suspect("a")  # refused again, in the retry after it left
    policy.done(batch, 0.0)
    assert policy.statistics().suspects == 0


# A session that goes away takes its waiting frame with it.


def test_forget_takes_the_waiting_frame() -> None:
    policy = batcher(window=2)
    offer(policy, "a")
    batch = take(policy)
    offer(policy, "a", i=2)  # waits with its window full
    offer(policy, "b")
    assert policy.forget("a") == member("a", 2)
    assert policy.forget("b") == member("b")
    assert policy.forget("b") is None
    assert policy.waiting == 0
    policy.done(batch, 0.0)
    assert policy.take(0.0) == NOTHING


def test_withdraw_all_leaves_nobody_waiting() -> None:
    policy = batcher(window=2)
    offer(policy, "a")
    batch = take(policy)
    offer(policy, "a", i=2)
    offer(policy, "b", lane=A)
    offer(policy, "c", lane=B)
    assert {m.session for m in policy.withdraw_all()} == {"a", "b", "c"}
    assert policy.waiting == 0
    policy.done(batch, 0.0)
    assert policy.take(0.0) == NOTHING


# Nothing is without a bound.


def test_full_is_overloaded() -> None:
    policy = batcher(max_waiting=2)
    offer(policy, "a", "b")
    assert policy.offer(member("c"), A, 0.0) == (member("c"), "overloaded")
    assert policy.offer(member("b", 2), B, 0.0) == (member("b"), "superseded")
    assert policy.waiting == 2


def test_statistics() -> None:
    policy = batcher(max_waiting=9, slots=2)
    offer(policy, *"abc")
    take(policy)
    offer(policy, "d")
    found = policy.statistics()
    assert (found.waiting, found.peak_waiting, found.max_waiting) == (1, 3, 9)
    assert (found.calls, found.slots) == (1, 2)


def test_halves() -> None:
    members = [member(name) for name in "abcde"]
    assert halves(members) == (members[:2], members[2:])
    assert halves(members[:2]) == (members[:1], members[1:2])
