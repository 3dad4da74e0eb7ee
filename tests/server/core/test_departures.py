"""When a stopping gateway closes each session."""

from __future__ import annotations

import pytest

from server.core.departures import CROSSING_S, PER_TURN, Departures
from server.core.session import Session
from tests.server.core.sessions import KEY, NOW, accept, opened, result
from tests.server.samples import LIMITS

LATER = NOW + CROSSING_S


def announced(*sessions: Session) -> Departures:
    """The departures of these sessions, each of which has been sent its ``going_away``."""
    departures = Departures(sessions)
    assert departures.announce(NOW) == list(sessions)
    assert departures.announce(NOW) == []
    return departures


def many(count: int) -> list[Session]:
    return [Session(str(number), LIMITS, 20.0, KEY) for number in range(count)]


def busy(*frame_ids: int) -> Session:
    session = opened()
    accept(session, *frame_ids)
    return session


def test_a_session_stays_until_frames_that_cross_the_announcement_have_arrived() -> None:
    idle = opened()
    departures = announced(idle)
    assert departures.wait_s(NOW) == pytest.approx(CROSSING_S)
    assert departures.due(LATER - 0.001) == []
    assert departures.wait_s(LATER + 1) == 0
    assert departures.due(LATER) == [idle]
    assert departures.wait_s(LATER) is None


def test_a_busy_session_stays_until_its_last_outcome() -> None:
    session = busy(1, 2)
    departures = announced(session)
    assert departures.due(LATER) == []
    assert departures.wait_s(LATER) is None
    session.resolve(result(2))
    assert not departures.resolved(session)
    session.resolve(result(1))
    assert departures.resolved(session)
    assert not departures.resolved(session)
    assert departures.rest() == []


def test_an_outcome_before_that_time_closes_nothing() -> None:
    session = busy(1)
    departures = Departures([session])
    session.resolve(result(1))
    assert not departures.resolved(session)
    assert departures.announce(NOW) == [session]
    assert not departures.resolved(session)
    assert departures.due(LATER) == [session]


def test_a_busy_session_does_not_delay_others() -> None:
    slow, idle = busy(1), opened()
    assert announced(slow, idle).due(LATER) == [idle]


def test_without_more_time_all_are_closed_once() -> None:
    waiting, crossing = busy(1), opened()
    departures = Departures([waiting, crossing])
    departures.announce(NOW)
    assert departures.due(NOW) == []
    assert departures.rest() == [waiting, crossing]
    assert departures.rest() == []
    assert not departures.resolved(waiting)


def test_that_holds_for_busy_sessions_too() -> None:
    session = busy(1)
    departures = announced(session)
    departures.due(LATER)
    assert departures.rest() == [session]
    session.resolve(result(1))
    assert not departures.resolved(session)


def test_each_turn_has_a_bounded_number_of_sessions() -> None:
    sessions = many(2 * PER_TURN + 1)
    departures = Departures(sessions)
    turns = [departures.announce(NOW + number) for number in range(4)]
    assert [len(turn) for turn in turns] == [PER_TURN, PER_TURN, 1, 0]
    assert [session for turn in turns for session in turn] == sessions
    assert departures.due(NOW + 10) == sessions[:PER_TURN]
    assert departures.wait_s(NOW + 10) == 0
    assert departures.rest() == sessions[PER_TURN : 2 * PER_TURN]
    assert departures.rest() == sessions[2 * PER_TURN :]
    assert departures.rest() == []
