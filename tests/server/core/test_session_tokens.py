"""Tokens of a session: who gets in, for how long, and how it goes on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from server.core.admission import EXPIRED, LAST_ANSWERS_S, UNAUTHORIZED, Admission, Pass
from server.core.bucket import TokenBucket
from server.core.effects import Close, Effect, Expire, Offer, Select, Send
from server.core.errors import Unauthorized
from server.core.messages import (
    Authorized,
    Configure,
    Dropped,
    Error,
    GoingAway,
    Hello,
    Options,
    Ping,
    Pong,
    Welcome,
)
from server.core.quota import Quota
from server.core.session import TRY_AGAIN_LATER, Session, State
from tests.server.core.sessions import KEY, MODEL, NOW, accept, assert_error, result
from tests.server.samples import LIMITS, frame

LIVES_S = 60.0
OVER = NOW + LIVES_S


def verify(token: str, now: float) -> Pass:
    """Takes ``good`` for a minute and ``better`` for two."""
    lives = {"good": LIVES_S, "better": 2 * LIVES_S}.get(token)
    if lives is None:
        raise Unauthorized("the token is not valid")
    return Pass("camera-7", now + lives)


def new(shown: str | None = None) -> Session:
    return Session("s1", LIMITS, 20.0, KEY, None, Admission(verify, shown))


def hello(token: str | None = None) -> Hello:
    return Hello(Options(token=token))


def opened() -> Session:
    session = new()
    session.receive(hello("good"), NOW)
    session.update_model(MODEL)
    return session


def assert_turned_away(session: Session, effects: Sequence[Effect], words: str) -> None:
    assert_error(effects[:1], "unauthorized", words)
    [close] = effects[1:]
    assert isinstance(close, Close)
    assert close.code == UNAUTHORIZED
    assert words in close.reason
    assert session.receive(frame(1), NOW) == []
    assert session.accepted == 0


def test_a_good_token_opens_a_session_that_says_how_long_it_lasts() -> None:
    session = new()
    assert session.receive(hello("good"), NOW) == [Expire(OVER), Select(KEY)]
    assert session.update_model(MODEL) == [Send(Welcome("s1", MODEL, LIMITS, 20.0, 60))]


def test_without_a_token_or_with_a_wrong_one_nobody_gets_in() -> None:
    session = new()
    assert_turned_away(session, session.receive(hello(), NOW), "a token is required")
    session = new()
    assert_turned_away(session, session.receive(hello("forged"), NOW), "not valid")


def test_a_token_shown_before_hello_counts_unless_hello_has_its_own() -> None:
    assert Select(KEY) in new("good").receive(hello(), NOW)
    assert Expire(NOW + 2 * LIVES_S) in new("good").receive(hello("better"), NOW)
    session = new("good")
    assert_turned_away(session, session.receive(hello("forged"), NOW), "not valid")


def test_where_no_tokens_are_asked_for_they_are_ignored() -> None:
    session = Session("s1", LIMITS, 20.0, KEY)
    assert session.receive(hello("forged"), NOW) == [Select(KEY)]
    assert session.update_model(MODEL) == [Send(Welcome("s1", MODEL, LIMITS, 20.0))]
    assert session.receive(Configure(Options(token="forged")), NOW) == []


def test_a_new_token_prolongs_the_session() -> None:
    session = opened()
    renewal = Configure(Options(token="better", min_score=0.5))
    later = NOW + 30
    assert session.receive(renewal, later) == [
        Send(Authorized(120)),
        Expire(later + 2 * LIVES_S),
    ]
    assert session.preferences.min_score == 0.5
    # A timer of before finds that there is more time.
    assert session.expire(OVER) == [Expire(later + 2 * LIVES_S)]
    accept(session, 1)


def test_a_wrong_token_changes_nothing() -> None:
    session = opened()
    effects = session.receive(Configure(Options(token="forged", min_score=0.5)), NOW)
    assert_error(effects, "unauthorized", "not valid")
    assert session.preferences.min_score == 0.0
    accept(session, 1)
    assert session.expire(OVER)[-1] == Expire(OVER + LAST_ANSWERS_S)


def test_an_expired_session_ends_a_moment_later_and_owes_nobody_an_outcome() -> None:
    session = opened()
    accept(session, 1)
    told, again = session.expire(OVER)
    assert_error([told], "unauthorized", EXPIRED)
    assert again == Expire(OVER + LAST_ANSWERS_S)
    # What comes now is refused by name, and what was under way is answered.
    assert_error(session.receive(frame(2), OVER), "unauthorized", EXPIRED, 2)
    assert session.resolve(result(1)) == result(1)
    assert session.receive(Ping(1), OVER) == [Send(Pong(1))]
    assert_error(session.receive(Configure(Options(min_score=1)), OVER), "unauthorized", EXPIRED)
    assert session.expire(OVER + LAST_ANSWERS_S) == [Close(UNAUTHORIZED, EXPIRED)]


def test_the_moment_is_enough_for_a_new_token() -> None:
    session = opened()
    session.expire(OVER)
    authorized, expiry = session.receive(Configure(Options(token="good")), OVER)
    assert (authorized, expiry) == (Send(Authorized(60)), Expire(OVER + LIVES_S))
    [offer] = session.receive(frame(1), OVER)
    assert isinstance(offer, Offer)


def test_a_session_that_ends_anyway_is_not_told() -> None:
    session = opened()
    session.drain(1000, "stops")
    assert session.expire(OVER) == []
    assert session.state is State.DRAINING
    session = opened()
    session.close()
    assert session.expire(OVER) == []


def test_a_session_that_has_expired_is_drained_like_any_other() -> None:
    session = opened()
    session.expire(OVER)
    assert session.drain(1000, "stops") == [Send(GoingAway(1000, "stops"))]
    assert session.receive(Configure(Options(token="good")), OVER) == []
    assert session.receive(frame(1), OVER) == [Send(Dropped(1, "draining"))]
    assert session.expire(OVER + LAST_ANSWERS_S) == []


def test_the_error_is_told_as_final() -> None:
    [told, _] = opened().expire(OVER)
    assert isinstance(told, Send)
    assert told.message == Error("unauthorized", EXPIRED, False)


# Limits that a token sets


def limited(session_id: str, granted: Pass, subjects: Quota) -> Session:
    admission = Admission(lambda token, now: granted, "shown", subjects)
    return Session(session_id, LIMITS, 20.0, KEY, None, admission)


def test_a_token_sets_the_rate_of_its_sessions() -> None:
    session = limited("s1", Pass("camera-7", OVER, rate=2.0), Quota(None))
    session.receive(hello(), NOW)
    session.update_model(MODEL)
    for frame_id in range(LIMITS.window):
        accept(session, frame_id)
    assert session.receive(frame(10), NOW) == [Send(Dropped(10, "rate_limited"))]
    assert isinstance(session.receive(frame(11), NOW + 0.5)[0], Offer)
    assert session.receive(frame(12), NOW + 0.5) == [Send(Dropped(12, "rate_limited"))]


def test_a_renewed_token_with_another_rate() -> None:
    """Whoever has several tokens gains no burst by sending them in turn."""
    session = renewed(None)
    for token, now, accepted in (
        ("slow", NOW, LIMITS.window),
        ("slow", NOW, 0),
        ("fast", NOW, 0),
        ("slow", NOW, 0),
        ("fast", NOW, 0),
        ("fast", NOW + 1, 100),
    ):
        session.receive(Configure(Options(token=token)), now)
        assert accepted_of(session, now) == accepted


@pytest.mark.parametrize(("usual", "most"), [(TokenBucket(2.0, 3), 2), (None, 200)])
def test_a_renewed_token_without_a_rate(usual: TokenBucket | None, most: int) -> None:
    """It grants what the gateway grants, and no longer what the token before did."""
    session = renewed(usual)
    assert accepted_of(session, NOW) == LIMITS.window
    session.receive(Configure(Options(token="plain")), NOW)
    assert accepted_of(session, NOW + 1) == most


def renewed(usual: TokenBucket | None) -> Session:
    """Return a session whose client has three tokens, and has shown the slow one."""
    rates = {"slow": 1.0, "fast": 100.0, "plain": None}
    passes = {token: Pass("a", OVER, rate=rate) for token, rate in rates.items()}
    admission = Admission(lambda token, now: passes[token], "slow")
    session = Session("s1", LIMITS, 20.0, KEY, usual, admission)
    session.receive(hello(), NOW)
    session.update_model(MODEL)
    return session


def accepted_of(session: Session, now: float) -> int:
    """Return how many of 200 frames are offered."""
    ids = range(session.accepted, session.accepted + 200)
    effects = [session.receive(frame(n), now)[0] for n in ids]
    return sum(isinstance(effect, Offer) for effect in effects)


@pytest.mark.parametrize(("claim", "most"), [(None, 2), (1, 1), (3, 3)])
def test_the_sessions_of_a_subject(claim: int | None, most: int) -> None:
    subjects = Quota(2)
    granted = Pass("camera-7", OVER, sessions=claim)
    sessions = [limited(f"s{n}", granted, subjects) for n in range(most + 1)]
    for session in sessions[:-1]:
        assert Select(KEY) in session.receive(hello(), NOW)
    words = (
        f"too many sessions with tokens of this subject: at most {most} may be open; close another"
    )
    error, close = sessions[-1].receive(hello(), NOW)
    assert_error([error], "overloaded", words)
    assert close == Close(TRY_AGAIN_LATER, words)
    other = limited("other", Pass("camera-8", OVER), subjects)
    assert Select(KEY) in other.receive(hello(), NOW)
    for session in (*sessions, other, other):
        session.close()
    assert len(subjects) == 0


def test_a_token_of_another_subject_takes_the_session_over() -> None:
    subjects = Quota(1)
    passes = {"ann": Pass("ann", OVER), "bob": Pass("bob", OVER)}
    admission = Admission(lambda token, now: passes[token], "ann", subjects)
    session = Session("s1", LIMITS, 20.0, KEY, None, admission)
    session.receive(hello(), NOW)
    assert subjects.acquire("bob")
    assert_error(
        session.receive(Configure(Options(token="bob")), NOW), "overloaded", "at most 1 may"
    )
    assert subjects.held("ann") == 1
    subjects.release("bob")
    session.receive(Configure(Options(token="bob")), NOW)
    assert (subjects.held("ann"), subjects.held("bob")) == (0, 1)
