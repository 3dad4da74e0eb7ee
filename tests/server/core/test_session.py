"""A session: the table cell by cell, then what it promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.core.answers import Detections
from server.core.bucket import TokenBucket
from server.core.errors import (
    BadFrame,
    BadMessage,
)
from server.core.messages import (
    ClientMessage,
    Configure,
    Dropped,
    Error,
    GoingAway,
    Hello,
    Options,
    Ping,
    Pong,
    Result,
)
from server.core.model import ModelKey
from server.core.session import (
    MAX_REFUSED_IN_A_ROW,
    Close,
    Offer,
    Select,
    Send,
    Session,
    State,
)
from tests.server.core.sessions import (
    KEY,
    LANE,
    NOW,
    accept,
    assert_error,
    closed,
    draining,
    new,
    opened,
    result,
)
from tests.server.samples import frame

# The table, cell by cell


@pytest.mark.parametrize("message", [Configure(), frame(1)], ids=["configure", "frame"])
def test_new_wants_hello_first(message: ClientMessage) -> None:
    session = new()
    assert_error(session.receive(message, NOW), "hello_required", "before hello; send hello first")
    assert session.state is State.NEW
    assert session.accepted == 0


def test_new_hello_selects_the_default_model() -> None:
    session = new()
    assert session.receive(Hello(), NOW) == [Select(KEY)]
    assert session.state is State.OPEN


def test_a_ping_before_hello_gets_a_pong() -> None:
    assert new().receive(Ping(5), NOW) == [Send(Pong(5))]


def test_open_hello_comes_once() -> None:
    assert_error(opened().receive(Hello(), NOW), "bad_message", "hello is allowed only once")


def test_open_configure_of_options_alone_needs_nothing() -> None:
    assert opened().receive(Configure(Options(min_score=0.5)), NOW) == []


def test_open_configure_of_another_model_selects_it() -> None:
    found = opened().receive(Configure(Options(label="canary")), NOW)
    assert found == [Select(ModelKey("digits", "canary"))]


def test_open_frame_is_offered() -> None:
    session = opened()
    assert session.receive(frame(3), NOW) == [Offer(frame(3), LANE)]
    assert session.pending == {3}
    assert session.accepted == 1


def test_a_ping_in_an_open_session_gets_a_pong() -> None:
    assert opened().receive(Ping("t"), NOW) == [Send(Pong("t"))]


def test_draining_frame_is_dropped() -> None:
    session = draining()
    assert session.receive(frame(1), NOW) == [Send(Dropped(1, "draining"))]
    assert_error(session.receive(frame(1), NOW), "bad_id")
    assert session.pending == set()


@pytest.mark.parametrize("message", [Hello(), Configure(Options(model="other"))])
def test_draining_says_nothing_to_options(message: ClientMessage) -> None:
    assert draining().receive(message, NOW) == []


def test_draining_ping() -> None:
    assert draining().receive(Ping(1), NOW) == [Send(Pong(1))]


@pytest.mark.parametrize("message", [Hello(), Configure(), frame(9), Ping()])
def test_closed_is_silent(message: ClientMessage) -> None:
    session = closed()
    assert session.receive(message, NOW) == []
    assert session.refuse(BadFrame("no"), 9) == []
    assert session.accepted == 0


# Draining


def test_drain_says_goodbye_once() -> None:
    session = opened()
    assert session.drain(1500, "stops") == [Send(GoingAway(1500, "stops"))]
    assert session.drain(1500, "stops") == []
    assert closed().drain(1500, "stops") == []


def test_drain_before_hello() -> None:
    session = new()
    assert session.drain(1000, "stops") == [Send(GoingAway(1000, "stops"))]
    assert session.receive(Hello(), NOW) == []
    assert session.receive(frame(1), NOW) == [Send(Dropped(1, "draining"))]


def test_accepted_frames_keep_their_outcome_while_draining() -> None:
    session = opened()
    accept(session, 1)
    session.drain(1000, "stops")
    assert session.resolve(result(1)) == result(1)


# Ids and refusals


def test_ids_increase() -> None:
    session = opened()
    accept(session, 0, 5, 2**64 - 1)
    for frame_id in (0, 5, 6, 2**64 - 1):
        assert_error(session.receive(frame(frame_id), NOW), "bad_id", "is not greater than")
    assert session.accepted == 3


def test_a_refused_frame_has_its_outcome_and_uses_up_its_id() -> None:
    session = opened()
    assert_error(session.refuse(BadFrame("truncated"), 4), "bad_frame", "truncated", frame_id=4)
    assert session.accepted == 1
    assert session.pending == set()
    assert_error(session.receive(frame(4), NOW), "bad_id")
    accept(session, 5)


def test_a_refused_message_without_a_new_id_is_told_without_one() -> None:
    session = opened()
    accept(session, 4)
    assert_error(session.refuse(BadFrame("no"), 4), "bad_frame")
    assert_error(session.refuse(BadMessage("no"), None), "bad_message")
    assert_error(new().refuse(BadFrame("no"), 4), "bad_frame")
    assert session.accepted == 1


def stubborn(session: Session, message: ClientMessage) -> int:
    """How many times ``message`` can be sent before the socket is closed."""
    for count in range(1, 2 * MAX_REFUSED_IN_A_ROW):
        if any(isinstance(effect, Close) for effect in session.receive(message, NOW)):
            return count
    return 0


def test_unusable_messages_without_end_end_the_session() -> None:
    assert stubborn(new(), frame(1)) == MAX_REFUSED_IN_A_ROW
    assert stubborn(opened(), Hello()) == MAX_REFUSED_IN_A_ROW
    session = opened()
    accept(session, 1)
    assert stubborn(session, frame(1)) == MAX_REFUSED_IN_A_ROW
    session = opened()
    for _ in range(MAX_REFUSED_IN_A_ROW - 1):
        assert len(session.refuse(BadMessage("broken"))) == 1
    assert isinstance(session.refuse(BadMessage("broken"))[1], Close)


def test_a_usable_message_forgives_the_unusable() -> None:
    session = opened()
    for _ in range(5):
        for _ in range(MAX_REFUSED_IN_A_ROW - 1):
            assert len(session.refuse(BadMessage("broken"))) == 1
        session.receive(Ping(), NOW)


def test_bad_pictures_alone_never_end_a_session() -> None:
    session = opened()
    for frame_id in range(3 * MAX_REFUSED_IN_A_ROW):
        assert len(session.refuse(BadFrame("truncated"), frame_id)) == 1


def test_frames_over_the_rate_are_dropped_and_told() -> None:
    session = opened(TokenBucket(10, 1))
    accept(session, 1)
    assert session.receive(frame(2), NOW) == [Send(Dropped(2, "rate_limited"))]
    assert session.pending == {1}


def test_a_format_that_the_model_does_not_take() -> None:
    effects = opened().receive(frame(1, "webp"), NOW)
    words = "model digits:stable accepts jpeg, png, not webp"
    assert_error(effects, "unsupported_format", words, frame_id=1)


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        (Options(), False),
        (Options(model="digits", label="stable"), False),
        (Options(min_score=0.0, orientation="ignore"), False),
        (Options(min_score=0.1), True),
        (Options(max_results=3), True),
        (Options(client="x/1"), True),
        (Options(orientation="apply"), True),
        (Options(label="canary"), True),
        (Options(token="t"), True),  # verifying it is work
    ],
)
def test_what_changes_a_session(options: Options, changes: bool) -> None:
    session = opened()
    assert session.is_change(options) is changes
    session.receive(Configure(replace(options, token=None)), NOW)
    assert not session.is_change(replace(options, token=None))


# One outcome each, in order


def test_every_frame_is_resolved_once() -> None:
    session = opened()
    accept(session, 1, 2)
    session.resolve(Dropped(1, "superseded"))
    assert session.pending == {2}
    with pytest.raises(KeyError):
        session.resolve(result(1))


def test_a_result_overtaken_by_a_newer_one_is_dropped() -> None:
    session = opened()
    accept(session, 1, 2, 3)
    assert session.resolve(result(2)) == result(2)
    assert session.resolve(result(1)) == Dropped(1, "overtaken")
    assert session.resolve(result(3)) == result(3)


def test_drops_and_errors_do_not_overtake() -> None:
    session = opened()
    accept(session, 1, 2, 3)
    assert session.resolve(Dropped(3, "expired")) == Dropped(3, "expired")
    failed = Error("model_failed", "no", True, 2)
    assert session.resolve(failed) == failed
    assert session.resolve(result(1)) == result(1)


def test_late_drops_and_errors_are_told_as_they_are() -> None:
    session = opened()
    accept(session, 1, 2)
    session.resolve(result(2))
    failed = Error("bad_frame", "no", False, 1)
    assert session.resolve(failed) == failed


def test_options_choose_among_the_results() -> None:
    session = opened()
    session.receive(Configure(Options(min_score=0.5)), NOW)
    accept(session, 1, 2, 3)
    found = session.resolve(result(1))
    assert isinstance(found, Result)
    assert found.answer == Detections([[0, 0, 1, 1]], [0.9], [7])
    session.receive(Configure(Options(max_results=0)), NOW)
    found = session.resolve(result(2))
    assert isinstance(found, Result)
    assert found.answer == Detections([], [], [])
    # What is not said stays as it is; 0 is said.
    session.receive(Configure(Options(min_score=0.0, max_results=9)), NOW)
    assert session.resolve(result(3)) == result(3)
