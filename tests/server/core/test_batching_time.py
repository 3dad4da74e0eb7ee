"""The batching policy's sentences about waiting, age, quarantine and leaving."""

from __future__ import annotations

import pytest

from server.core.batch import Taken
from tests.server.core.batches import NOTHING, A, B, batcher, due_at, member, offer, take, who

# A batch may wait for company.


def test_max_wait_waits_for_company() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, "a", now=1.000)
    offer(policy, "b", now=1.004)
    assert due_at(policy, 1.004) == pytest.approx(1.010)
    assert who(take(policy, 1.010)) == "ab"


def test_max_wait_ends_with_a_full_batch() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, *"abc", now=1.0)
    assert policy.take(1.0) == NOTHING
    offer(policy, "d", now=1.001)
    assert who(take(policy, 1.001)) == "abcd"


def test_a_session_left_over_waits_no_longer_than_its_own_time() -> None:
    policy = batcher(max_wait_s=0.010, slots=2)
    offer(policy, *"abc", now=1.0)
    offer(policy, *"de", now=1.006)
    assert who(take(policy, 1.006)) == "abcd"
    assert due_at(policy, 1.0) == pytest.approx(1.016)
    busy = batcher(max_wait_s=0.010, max_batch=2)
    offer(busy, "x", now=0.0)
    batch = take(busy, 0.010)
    offer(busy, *"abc", now=0.010)
    busy.done(batch, 0.1, "answered")
    batch = take(busy, 0.1)
    assert who(batch) == "ab"
    busy.done(batch, 0.1, "answered")
    # c has waited for longer than max_wait while the slot was busy.
    assert who(take(busy, 0.1)) == "c"


def test_replacing_ones_frame_does_not_put_the_batch_off() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, "a", now=1.0)
    policy.offer(member("a", 2, 1.009), A, 1.009)
    assert due_at(policy, 1.0) == pytest.approx(1.010)
    assert who(take(policy, 1.010)) == "a"


def test_the_nearest_of_several_deadlines() -> None:
    policy = batcher(max_wait_s=0.010)
    offer(policy, "a", lane=A, now=1.0)
    offer(policy, "x", lane=B, now=1.004)
    assert due_at(policy, 1.0) == pytest.approx(1.010)
    policy.withdraw("a")
    assert due_at(policy, 1.0) == pytest.approx(1.014)
    policy.withdraw("x")
    assert due_at(policy, 1.0) is None


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


def test_stale_frames_are_returned_without_a_batch() -> None:
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


# A session whose frame was rejected travels alone.


def test_a_session_in_quarantine_travels_alone_until_it_is_released() -> None:
    policy = batcher(slots=9)
    policy.quarantine("b", A)
    offer(policy, *"abcd")
    # The others do not wait for it, and it does not wait for them twice.
    assert who(take(policy)) == "acd"
    offer(policy, "e")
    assert who(take(policy)) == "b"
    assert who(take(policy)) == "e"
    policy.release("b", A)
    offer(policy, *"ab", i=2)
    assert who(take(policy)) == "ab"


def test_sessions_in_quarantine_keep_their_order() -> None:
    policy = batcher(slots=9)
    for session in "bcd":
        policy.quarantine(session, A)
    offer(policy, *"abcd")
    assert [who(take(policy)) for _ in range(4)] == ["a", "b", "c", "d"]


def test_a_session_in_quarantine_waits_for_no_company() -> None:
    policy = batcher(slots=9, max_wait_s=0.010)
    policy.quarantine("a", A)
    policy.quarantine("b", A)
    offer(policy, *"ab", now=1.0)
    assert who(take(policy, 1.0)) == "a"
    assert who(take(policy, 1.0)) == "b"


def test_no_batch_waits_for_the_company_of_a_session_in_quarantine() -> None:
    policy = batcher(slots=9, max_wait_s=0.010, max_batch=2)
    policy.quarantine("b", A)
    offer(policy, *"ab", now=1.0)
    assert policy.take(1.0) == NOTHING
    offer(policy, "c", now=1.001)
    assert who(take(policy, 1.001)) == "ac"
    assert who(take(policy, 1.001)) == "b"


def test_the_quarantine_ends_with_the_session() -> None:
    policy = batcher()
    offer(policy, "a")
    batch = take(policy)
    policy.quarantine("a", A)
    policy.forget("a")
    assert policy.statistics().quarantined == 0
    policy.quarantine("a", A)  # rejected again, in the retry after it left
    policy.done(batch, 0.0, "answered")
    assert policy.statistics().quarantined == 0


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
    policy.done(batch, 0.0, "answered")
    assert policy.take(0.0) == NOTHING


def test_withdraw_all_leaves_no_frame_waiting() -> None:
    policy = batcher(window=2)
    offer(policy, "a")
    batch = take(policy)
    offer(policy, "a", i=2)
    offer(policy, "b", lane=A)
    offer(policy, "c", lane=B)
    assert {m.session for m in policy.withdraw_all()} == {"a", "b", "c"}
    assert policy.waiting == 0
    policy.done(batch, 0.0, "answered")
    assert policy.take(0.0) == NOTHING


def test_withdraw_all_of_one_model_leaves_the_frames_of_other_models() -> None:
    policy = batcher(window=2)
    offer(policy, "a")
    batch = take(policy)
    offer(policy, "a", i=2)  # waits with its window full
    offer(policy, "b", lane=A)
    offer(policy, "c", lane=B)
    assert {m.session for m in policy.withdraw_all(A.model)} == {"a", "b"}
    policy.done(batch, 0.0, "answered")
    assert who(take(policy)) == "c"


def test_quarantine_holds_in_its_lane_alone() -> None:
    policy = batcher(slots=9)
    policy.quarantine("b", A)
    offer(policy, *"ab", lane=B)
    assert who(take(policy)) == "ab"
    policy.release("b", B)  # answered there, which says nothing about A
    offer(policy, *"ab", lane=A, i=2)
    assert who(take(policy)) == "a"
    assert who(take(policy)) == "b"
