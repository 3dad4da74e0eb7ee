"""The batching policy, sentence by sentence, with a clock that stands still."""

from __future__ import annotations

from server.core.model import Lane, ModelKey
from server.core.ring import halves
from tests.server.core.batches import NOTHING, ONE, A, B, batcher, due_at, member, offer, take, who

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
    policy.done(batch, 0.0, "answered")
    newest = take(policy)
    assert (newest.lane, newest.members) == (B, (member("a", 3),))


# Sessions with a waiting frame stand in a ring.


def test_a_batch_takes_one_frame_from_each_session_in_turn() -> None:
    policy = batcher()
    offer(policy, *"abcdef")
    batch = take(policy)
    assert who(batch) == "abcd"
    offer(policy, "a", i=2)
    policy.done(batch, 0.0, "answered")
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
        policy.done(batch, 0.0, "answered")
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
    assert due_at(policy) is None
    offer(policy, "b")
    policy.done(batches[0], 0.0, "answered")
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
    assert who(take(policy)) == "a"


def test_frames_gather_while_all_slots_are_busy() -> None:
    policy = batcher()
    offer(policy, "a")
    batch = take(policy)
    offer(policy, *"bcd")
    assert due_at(policy) is None
    policy.done(batch, 0.1, "answered")
    assert who(take(policy, 0.1)) == "bcd"


def test_a_batch_that_is_not_full_gathers_while_the_server_has_enough() -> None:
    policy = batcher(slots=2, worked_on=1)
    offer(policy, "a")
    batch = take(policy)
    offer(policy, "b", "c")
    assert policy.take(0.0) == NOTHING
    offer(policy, "d", "e")
    assert who(take(policy)) == "bcde"
    offer(policy, "f")
    policy.done(batch, 0.1, "answered")
    assert policy.take(0.1) == NOTHING


# Nothing is without a bound.


def test_full_is_overloaded() -> None:
    policy = batcher(max_waiting=2)
    offer(policy, "a", "b")
    assert policy.offer(member("c"), A, 0.0) == (member("c"), "overloaded")
    assert policy.offer(member("b", 2), B, 0.0) == (member("b"), "superseded")
    assert policy.waiting == 2


def test_the_backlog_is_what_full_batches_leave_behind() -> None:
    policy = batcher()
    offer(policy, *"abcdef")
    first = take(policy)
    policy.done(first, 0.1, "answered")
    assert policy.backlog.span(0.1).left == 0.5
    assert policy.backlog.span(0.1).left == 0.0
    policy.done(take(policy, 0.1), 0.2, "answered")
    assert policy.backlog.span(0.2).left == 0.0


def test_the_backlog_knows_how_long_no_call_was_under_way() -> None:
    policy = batcher()
    offer(policy, "a", now=1.0)
    first = take(policy, 1.0)
    policy.done(first, 1.5, "answered")
    assert policy.backlog.span(2.0).idle_s == 1.5
    offer(policy, "b", "c", now=2.25)
    second = take(policy, 2.25)
    policy.done(second, 2.5, "answered")
    assert policy.backlog.span(2.5).idle_s == 0.25


def test_frames_that_travel_alone_are_no_backlog() -> None:
    policy = batcher()
    offer(policy, *"abc", lane=Lane(A.model, A.signature, alone=True))
    policy.done(take(policy), 0.1, "answered")
    assert policy.backlog.span(0.1).left == 0.0


def test_statistics() -> None:
    policy = batcher(max_waiting=9, slots=2)
    offer(policy, *"abc")
    take(policy)
    offer(policy, "d")
    found = policy.statistics()
    assert (found.waiting, found.peak_waiting, found.max_waiting) == (1, 3, 9)
    assert (found.calls, found.slots) == (1, 2)


def test_a_rejected_batch_is_split_in_two() -> None:
    members = [member(name) for name in "abcde"]
    assert halves(members) == (members[:2], members[2:])
    assert halves(members[:2]) == (members[:1], members[1:2])
