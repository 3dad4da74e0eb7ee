"""A session: the table cell by cell, then what it promises."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.core.answers import Detections
from server.core.errors import (
    BackendUnavailable,
    BadFrame,
    BadMessage,
    FramewireError,
    UnknownModel,
)
from server.core.messages import (
    ClientMessage,
    Configure,
    Dropped,
    Error,
    Frame,
    GoingAway,
    Hello,
    ModelChanged,
    Options,
    Ping,
    Pong,
    Result,
    Timing,
    Welcome,
)
from server.core.model import Lane, Model, ModelKey
from server.core.rate import RateLimit
from server.core.session import (
    MAX_REFUSALS_IN_A_ROW,
    Close,
    Effect,
    Offer,
    Select,
    Send,
    Session,
    State,
)
from tests.server.samples import LIMITS, frame

KEY = ModelKey("digits", "stable")
LANE = Lane(KEY, "serving_default")
MODEL = Model(KEY, 1, "detection", lanes={"jpeg": LANE, "png": LANE})
ANSWER = Detections([[0, 0, 1, 1], [0, 0, 0.5, 0.5]], [0.9, 0.4], [7, 3])
GONE = BackendUnavailable("no model server answers")
NOW = 1000.0


def new(rate: RateLimit | None = None) -> Session:
    return Session("s1", LIMITS, 20.0, KEY, rate)


def opened(rate: RateLimit | None = None) -> Session:
    """A session after its welcome, with a model."""
    session = new(rate)
    session.receive(Hello(), NOW)
    session.model_is(MODEL)
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


# The table, cell by cell


@pytest.mark.parametrize("message", [Configure(), frame(1)], ids=["configure", "frame"])
def test_new_wants_hello_first(message: ClientMessage) -> None:
    session = new()
    assert_error(session.receive(message, NOW), "hello_required", "came before hello")
    assert session.state is State.NEW
    assert session.accepted == 0


def test_new_hello_selects_the_default_model() -> None:
    session = new()
    assert session.receive(Hello(), NOW) == [Select(KEY)]
    assert session.state is State.OPEN


def test_new_ping() -> None:
    assert new().receive(Ping(5), NOW) == [Send(Pong(5))]


def test_open_hello_comes_once() -> None:
    assert_error(opened().receive(Hello(), NOW), "bad_message", "hello comes once")


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


def test_open_ping() -> None:
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
        assert_error(session.receive(frame(frame_id), NOW), "bad_id", "does not come after")
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
    for count in range(1, 2 * MAX_REFUSALS_IN_A_ROW):
        if any(isinstance(effect, Close) for effect in session.receive(message, NOW)):
            return count
    return 0


def test_unusable_messages_without_end_end_the_session() -> None:
    assert stubborn(new(), frame(1)) == MAX_REFUSALS_IN_A_ROW
    assert stubborn(opened(), Hello()) == MAX_REFUSALS_IN_A_ROW
    session = opened()
    accept(session, 1)
    assert stubborn(session, frame(1)) == MAX_REFUSALS_IN_A_ROW
    session = opened()
    for _ in range(MAX_REFUSALS_IN_A_ROW - 1):
        assert len(session.refuse(BadMessage("broken"))) == 1
    assert isinstance(session.refuse(BadMessage("broken"))[1], Close)


def test_a_usable_message_forgives_the_unusable() -> None:
    session = opened()
    for _ in range(5):
        for _ in range(MAX_REFUSALS_IN_A_ROW - 1):
            assert len(session.refuse(BadMessage("broken"))) == 1
        session.receive(Ping(), NOW)


def test_bad_pictures_alone_never_end_a_session() -> None:
    session = opened()
    for frame_id in range(3 * MAX_REFUSALS_IN_A_ROW):
        assert len(session.refuse(BadFrame("truncated"), frame_id)) == 1


def test_frames_over_the_rate_are_dropped_and_told() -> None:
    session = opened(RateLimit(10, 1))
    accept(session, 1)
    assert session.receive(frame(2), NOW) == [Send(Dropped(2, "rate_limited"))]
    assert session.pending == {1}


def test_a_format_that_the_model_does_not_take() -> None:
    effects = opened().receive(frame(1, "webp"), NOW)
    words = "model digits:stable takes jpeg, png, not webp"
    assert_error(effects, "unsupported_format", words, frame_id=1)


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


# Models


def test_welcome_waits_for_what_is_known_of_the_model() -> None:
    session = new()
    session.receive(Hello(), NOW)
    assert_error(
        session.receive(frame(1), NOW), "backend_unavailable", "is being looked up", frame_id=1
    )
    assert session.model_is(MODEL) == [Send(Welcome("s1", MODEL, LIMITS, 20.0))]


def test_welcome_without_a_model_server() -> None:
    session = new()
    session.receive(Hello(), NOW)
    assert session.model_is(GONE) == [Send(Welcome("s1", None, LIMITS, 20.0))]
    assert_error(session.receive(frame(1), NOW), "backend_unavailable", GONE.message, frame_id=1)
    assert session.model_is(MODEL) == [Send(ModelChanged(MODEL))]
    accept(session, 2)


def test_welcome_with_a_model_that_nobody_has() -> None:
    session = new()
    session.receive(Hello(Options(model="cats")), NOW)
    welcome, error = session.model_is(UnknownModel("no cats"))
    assert welcome == Send(Welcome("s1", None, LIMITS, 20.0))
    assert_error([error], "unknown_model", "no cats")
    assert_error(session.receive(frame(1), NOW), "unknown_model", "no cats", frame_id=1)


def test_model_changes_are_told_once() -> None:
    session = opened()
    newer = Model(KEY, 2, "detection", lanes={"jpeg": LANE})
    assert session.model_is(MODEL) == []
    assert session.model_is(newer) == [Send(ModelChanged(newer))]
    assert session.model_is(GONE) == [Send(ModelChanged(None))]
    assert session.model_is(GONE) == []
    assert session.model_is(newer) == [Send(ModelChanged(newer))]


def test_why_there_is_no_model_is_told_whenever_it_is_news() -> None:
    session = opened()
    unknown = UnknownModel("gone")
    changed, error = session.model_is(unknown)
    assert changed == Send(ModelChanged(None))
    assert_error([error], "unknown_model", "gone")
    assert session.model_is(unknown) == []
    assert_error(session.model_is(UnknownModel("another reason")), "unknown_model")
    session.model_is(MODEL)
    assert len(session.model_is(unknown)) == 2


def test_after_configure_no_frame_goes_to_the_model_before() -> None:
    session = opened()
    session.receive(Configure(Options(model="cats")), NOW)
    assert_error(session.receive(frame(1), NOW), "backend_unavailable", "cats is being", frame_id=1)
    cats = ModelKey("cats")
    model = Model(cats, 9, "classification", lanes={"jpeg": Lane(cats, "serving_default")})
    assert session.model_is(model) == [Send(ModelChanged(model))]
    assert session.receive(frame(2), NOW) == [Offer(frame(2), model.lanes["jpeg"])]


@pytest.mark.parametrize("found", [GONE, UnknownModel("no cats")], ids=["unreachable", "unknown"])
def test_configure_to_a_model_that_is_not_there(found: FramewireError) -> None:
    session = opened()
    session.receive(Configure(Options(model="cats")), NOW)
    effects = session.model_is(found)
    assert effects[0] == Send(ModelChanged(None))
    assert_error(session.receive(frame(1), NOW), found.code, frame_id=1)
    # And back to the first one, which is known at once.
    assert session.receive(Configure(Options(model="digits")), NOW) == [Select(KEY)]
    assert session.model_is(MODEL) == [Send(ModelChanged(MODEL))]


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (Options(), KEY),
        (Options(model="digits"), KEY),  # the default model by its name alone
        (Options(model="digits", label="canary"), ModelKey("digits", "canary")),
        (Options(label="canary"), ModelKey("digits", "canary")),
        (Options(version=0), ModelKey("digits", None, 0)),
        (Options(model="cats"), ModelKey("cats")),
        (Options(model="cats", version=3), ModelKey("cats", None, 3)),
    ],
)
def test_what_hello_says_selects(said: Options, key: ModelKey) -> None:
    assert new().receive(Hello(said), NOW) == [Select(key)]


def test_the_frame_keeps_what_was_sent() -> None:
    sent = Frame(1, "jpeg", frame(1).data, 64, 48, captured_at=12.5)
    [effect] = opened().receive(sent, NOW)
    assert isinstance(effect, Offer)
    assert effect.frame is sent
