"""Tracking as a session asks for it: off, on, with other options, and with another model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.core.answers import Classification, Count, Detections
from server.core.messages import Configure, Dropped, Hello, Options, Result, Timing
from server.core.session import Session
from server.core.tracking.areas import Area
from server.core.tracking.options import TrackingOptions
from tests.server.core.sessions import MODEL, NOW, accept, new, result

ON = Options(track=TrackingOptions(confirm_ms=0))


def opened(options: Options = ON) -> Session:
    session = new()
    session.receive(Hello(options), NOW)
    session.update_model(MODEL)
    return session


def answer(session: Session, frame_id: int, **changes: object) -> Detections:
    """Accept a frame, and return what its client gets for it: boxes at the usual places."""
    accept(session, frame_id)
    usual = result(frame_id)._replace(received=NOW + frame_id / 30)
    outcome = session.resolve(usual._replace(**changes))  # type: ignore[arg-type]
    assert isinstance(outcome, Result)
    assert isinstance(outcome.answer, Detections)
    return outcome.answer


def ids(session: Session, frame_id: int, **changes: object) -> list[int | None]:
    tracks = answer(session, frame_id, **changes).tracks
    assert tracks is not None
    return list(tracks.ids)


def restarted(session: Session, frame_id: int, **changes: object) -> bool:
    tracks = answer(session, frame_id, **changes).tracks
    assert tracks is not None
    return tracks.restarted


def test_by_default_there_are_no_ids() -> None:
    assert answer(opened(Options()), 1).tracks is None


def test_ids_last_from_frame_to_frame() -> None:
    session = opened()
    assert ids(session, 1) == [1, None]  # the second box is too weak to begin a track
    assert ids(session, 2) == [1, None]


def test_weak_boxes_continue_tracks_that_their_client_does_not_see() -> None:
    session = opened(replace(ON, min_score=0.6))
    boxes = [[0.1, 0.1, 0.3, 0.3]]
    sure, weak = Detections(boxes, [0.9], [1]), Detections(boxes, [0.3], [1])
    assert ids(session, 1, answer=sure) == [1]
    for frame_id in range(2, 200):
        assert ids(session, frame_id, answer=weak) == []
    assert ids(session, 200, answer=sure) == [1]


def test_the_best_results_keep_their_own_ids() -> None:
    session = opened(replace(ON, max_results=1))
    answered = answer(session, 1)
    assert answered.tracks is not None
    assert len(answered.boxes) == len(answered.tracks.ids) == len(answered.tracks.velocities) == 1


def test_time_is_the_clients_if_it_says_so() -> None:
    """The box moves 0.2 in 1 s of capturing, though its frames arrive within a moment."""
    session = opened()
    for frame_id in range(1, 12):
        x = 0.1 + 0.02 * frame_id
        moved = Detections([[x, 0.1, x + 0.2, 0.3]], [0.9], [1])
        answered = answer(session, frame_id, answer=moved, captured_at=100.0 * frame_id)
    assert answered.tracks is not None
    assert answered.tracks.velocities[0] == pytest.approx([0.2, 0, 0.2, 0], abs=0.02)


def test_what_was_overtaken_disturbs_nothing() -> None:
    session = opened()
    boxes = [[0.1, 0.1, 0.3, 0.3], [0.6, 0.6, 0.8, 0.8]]
    swapped = Detections(boxes[::-1], [0.9, 0.9], [1, 1])
    accept(session, 1, 2)
    for frame_id in (3, 4):
        assert ids(session, frame_id, answer=Detections(boxes, [0.9, 0.9], [1, 1])) == [1, 2]
    assert session.resolve(Result(2, 1, 1, Timing(1, 2, 3), swapped)) == Dropped(2, "overtaken")
    assert ids(session, 5, answer=Detections(boxes, [0.9, 0.9], [1, 1])) == [1, 2]


def test_a_new_version_begins_anew_and_says_so_once() -> None:
    session = opened()
    assert not restarted(session, 1)
    assert restarted(session, 2, model_version=2)
    assert not restarted(session, 3, model_version=2)
    assert ids(session, 4, model_version=2) == [2, None]


@pytest.mark.parametrize(
    "options",
    [
        Options(label="canary"),
        Options(track=TrackingOptions(lost_ms=9)),
    ],
    ids=["label", "options"],
)
def test_another_label_or_other_options_begin_anew(options: Options) -> None:
    session = opened()
    answer(session, 1)
    session.receive(Configure(options), NOW)
    session.update_model(MODEL)
    assert restarted(session, 2)


def test_configure_without_a_change_begins_nothing_anew() -> None:
    session = opened()
    assert ids(session, 1) == [1, None]
    session.receive(Configure(replace(ON, min_score=0.1)), NOW)
    assert ids(session, 2) == [1, None]
    assert not restarted(session, 3)


def test_tracking_ends_when_it_is_turned_off_and_its_ids_do_not_return() -> None:
    session = opened()
    assert ids(session, 1) == [1, None]
    session.receive(Configure(Options(track=False)), NOW)
    assert answer(session, 2).tracks is None
    session.receive(Configure(ON), NOW)
    assert restarted(session, 3)
    assert ids(session, 4) == [2, None]


def test_tasks_without_boxes_are_left_as_they_are() -> None:
    session = opened()
    accept(session, 1)
    classified = Result(1, 1, 1, Timing(1, 2, 3), Classification([1], [0.9]))
    assert session.resolve(classified) == classified


# Zones and lines

ZONE = Area("left half", ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)))
LINE = Area("middle", ((0.5, 0.0), (0.5, 1.0)))


def at_x(x: float) -> Detections:
    return Detections([[x - 0.1, 0.4, x + 0.1, 0.6]], [0.9], [7])


def events(session: Session, frame_id: int, x: float, **changes: object) -> list[tuple[str, float]]:
    tracks = answer(session, frame_id, answer=at_x(x), **changes).tracks
    assert tracks is not None
    assert tracks.events is not None
    return [(event.what, event.at) for event in tracks.events]


def test_events_have_the_time_of_the_clients_clock() -> None:
    session = opened(replace(ON, zones=(ZONE,), lines=(LINE,)))
    assert events(session, 1, 0.45, captured_at=70_000) == [("enter", 70_000)]
    crossed = events(session, 2, 0.55, captured_at=70_100)
    assert crossed == [("leave", pytest.approx(70_050)), ("cross", pytest.approx(70_050))]


def test_without_a_clock_events_have_the_time_since_tracking_began() -> None:
    session = opened(replace(ON, lines=(LINE,)))
    assert events(session, 1, 0.45) == []
    [(_, at)] = events(session, 4, 0.55)  # 100 ms later
    assert 0 < at < 100


def test_results_that_are_cut_keep_their_events_and_counts() -> None:
    session = opened(replace(ON, zones=(ZONE,), max_results=0))
    tracks = answer(session, 1, answer=at_x(0.3)).tracks
    assert tracks is not None
    assert tracks.counts == [Count("left half", 7, 1)]


def test_new_zones_end_no_track() -> None:
    session = opened()
    assert ids(session, 1, answer=at_x(0.3)) == [1]
    session.receive(Configure(Options(zones=(ZONE,))), NOW)
    assert events(session, 2, 0.3) == [("enter", pytest.approx(NOW, abs=NOW))]
    assert ids(session, 3, answer=at_x(0.3)) == [1]
    session.receive(Configure(Options(zones=())), NOW)
    last = answer(session, 4, answer=at_x(0.3)).tracks
    assert last is not None
    assert last.events is None
