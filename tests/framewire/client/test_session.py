"""What the session does on each message, with a clock that stands still."""

from __future__ import annotations

from typing import Any

import pytest

from framewire.client.actions import Encode, RenewToken, Sleep
from framewire.client.messages import Encoded
from framewire.client.outcomes import (
    Box,
    Classification,
    Detection,
    Dropped,
    Failed,
    Keypoint,
    Pose,
    Result,
)
from framewire.client.tracking import Count, Event, Tracking, Velocity
from framewire.client.window import Frame
from tests.framewire.client.puppet import LIMITS, MODEL, TIMING, WELCOME, Puppet


def error(code: str, retryable: bool = False, **fields: Any) -> dict[str, Any]:
    return {"type": "error", "code": code, "message": "why", "retryable": retryable, **fields}


def test_hello_has_the_options_and_the_token() -> None:
    puppet = Puppet(min_score=0.5, model="digits", orientation="apply").connect("secret")
    assert puppet.sent == [
        {
            "type": "hello",
            "client": "test",
            "model": "digits",
            "min_score": 0.5,
            "orientation": "apply",
            "token": "secret",
        }
    ]


def test_a_result_is_the_frames_outcome() -> None:
    puppet = Puppet().ready()
    puppet.offer("a")
    puppet.wait(0.25)
    puppet.answer(1)
    result = puppet.outcome("a")
    assert isinstance(result, Result)
    assert result.picture == "a"
    assert result.detections == (Detection(Box(0.1, 0.2, 0.3, 0.4), 0.9, 1, "one"),)
    assert result.detections[0].box.scaled(100, 200) == pytest.approx((10, 40, 30, 80))
    assert (result.batch, result.model_version, result.timing.total_ms) == (2, 1, 3.0)
    assert (result.latency_ms, result.round_trip_ms) == (250.0, 250.0)


def test_tracking_is_asked_for_and_typed() -> None:
    hall, door = {"hall": [(0, 0), (1, 0), (1, 1)]}, {"door": [(0.5, 0), (0.5, 1)]}
    puppet = Puppet(track=Tracking(lost_ms=5000), zones=hall, lines=door).ready()
    assert puppet.sent[0]["track"] == {"lost_ms": 5000}
    assert puppet.sent[0]["zones"] == {"hall": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]}
    assert puppet.sent[0]["lines"] == {"door": [[0.5, 0.0], [0.5, 1.0]]}
    puppet.offer("a")
    assert puppet.sent[-1]["captured_at"] == 1000 * puppet.now
    puppet.answer(
        1,
        boxes=[[0, 0, 1, 1]] * 2,
        scores=[0.9, 0.8],
        classes=[1, 0],
        ids=[7, None],
        velocities=[[0.1, 0, 0.1, 0], None],
        restarted=True,
        events=[
            {"kind": "enter", "id": 7, "class": 1, "zone": "hall", "at": 99_000.0},
            {"kind": "cross", "id": 7, "class": 1, "line": "door", "at": 99_500.0, "to": "left"},
        ],
        counts=[{"zone": "hall", "class": 1, "count": 1}],
    )
    result = puppet.outcome("a")
    assert isinstance(result, Result)
    assert [detection.id for detection in result.detections] == [7, None]
    assert [one.velocity for one in result.detections] == [Velocity(0.1, 0, 0.1, 0), None]
    assert result.events == (
        Event("enter", 7, 1, "one", 99.0, zone="hall"),
        Event("cross", 7, 1, "one", 99.5, line="door", to="left"),
    )
    assert result.counts == (Count("hall", 1, "one", 1),)
    assert result.restarted


def test_tracking_changes_while_the_session_lasts() -> None:
    puppet = Puppet().ready()
    puppet.offer("a")
    assert "captured_at" not in puppet.sent[-1]
    puppet.session.configure({"track": True, "zones": {}})
    puppet.run()
    assert puppet.sent[-1] == {"type": "configure", "track": True, "zones": {}}
    puppet.wait(1)
    puppet.session.configure({"track": False})
    puppet.run()
    assert puppet.sent[-1] == {"type": "configure", "track": False}
    assert puppet.lose()
    puppet.connect()
    assert (puppet.sent[-1]["track"], puppet.sent[-1]["zones"]) == (False, {})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"zones": {"a": [(0, 0), (1, 1)]}}, "'a' in 'zones' must have 3 to 32 points"),
        ({"lines": {"a": [(0, 0)]}}, "'a' in 'lines' must have 2 points"),
        ({"lines": {"a": [(0, 0), (1, 2)]}}, r"'a' in 'lines' must be \(x, y\), each in 0..1"),
        ({"lines": {"": [(0, 0), (1, 1)]}}, "a name in 'lines' must have 1 to 64"),
        ({"zones": {str(i): [(0, 0)] * 3 for i in range(17)}}, "17 entries; the gateway takes 16"),
    ],
)
def test_areas_that_the_gateway_would_reject(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Puppet(**options)


def test_tracking_options_that_the_gateway_would_reject() -> None:
    with pytest.raises(ValueError, match=r"'lost_ms' must be in 0\.\.60000, not -1"):
        Tracking(lost_ms=-1)


@pytest.mark.parametrize(
    ("fields", "classes", "outputs"),
    [
        ({"classes": [1, 7], "scores": [0.8, 0.2]}, ("one", "7"), {}),
        (
            {"outputs": {"y": {"dtype": "float32", "shape": [2], "data": b"\0\0\x80\x3f" * 2}}},
            (),
            1,
        ),
    ],
)
def test_other_tasks(fields: dict[str, Any], classes: tuple[str, ...], outputs: Any) -> None:
    puppet = Puppet().ready()
    puppet.offer("a")
    base = {"type": "result", "id": 1, "model_version": 1, "batch": 1, "timing_ms": TIMING}
    puppet.receive({**base, **fields})
    result = puppet.outcome("a")
    assert isinstance(result, Result)
    assert result.detections == ()
    assert tuple(one.label for one in result.classes) == classes
    assert all(isinstance(one, Classification) for one in result.classes)
    if outputs:
        assert result.outputs["y"].numpy().tolist() == [1.0, 1.0]


def ask(model: dict[str, Any], **fields: Any) -> Result:
    """The result with these fields, of a session with this model."""
    puppet = Puppet().ready(model={**MODEL, **model})
    puppet.offer("a")
    base = {"type": "result", "id": 1, "model_version": 1, "batch": 1, "timing_ms": TIMING}
    puppet.receive({**base, **fields})
    result = puppet.outcome("a")
    assert isinstance(result, Result)
    return result


def test_poses_are_typed() -> None:
    points = [0.1, 0.2, 0.9, 0.3, 0.4, 0.5, 1.5, -0.5, 0.0]
    hand = {"task": "keypoints", "labels": ["wrist", "thumb"], "skeleton": [[0, 1]]}
    result = ask(hand, keypoints=[points], scores=[0.7])
    wrist, thumb = Keypoint(0.1, 0.2, 0.9, "wrist"), Keypoint(0.3, 0.4, 0.5, "thumb")
    assert result.poses == (Pose(0.7, (wrist, thumb, Keypoint(1.5, -0.5, 0.0, "2"))),)
    assert (result.detections, result.classes, result.outputs) == ((), (), {})


def test_a_segmentation_is_typed() -> None:
    result = ask(
        {"task": "segmentation"}, masks={"width": 3, "height": 2, "runs": [0, 2, 7, 3, 0, 1]}
    )
    assert result.segmentation is not None
    assert result.segmentation.numpy().tolist() == [[0, 0, 7], [7, 7, 0]]
    assert result.segmentation.areas() == {0: 0.5, 7: 0.5}
    assert (result.detections, result.classes, result.poses) == ((), (), ())


def test_masks_of_boxes() -> None:
    result = ask(
        {"task": "detection", "masks": True},
        boxes=[[0.1, 0.2, 0.3, 0.4]] * 2,
        scores=[0.9, 0.8],
        classes=[0, 0],
        box_masks={"width": 2, "height": 2, "runs": [[1, 2, 1], []]},
    )
    first, second = result.detections
    assert first.mask is not None
    assert first.mask.numpy().tolist() == [[False, True], [True, False]]
    assert first.mask.area() == 0.5
    assert second.mask is None


def test_corners_of_boxes() -> None:
    boxes = {"boxes": [[0.25, 0.25, 0.75, 0.5]], "scores": [0.9], "classes": [0]}
    result = ask(
        {"task": "detection"}, **boxes, corners=[[0.25, 0.5, 0.5, 0.25, 0.75, 0.5, 0.5, 1]]
    )
    [found] = result.detections
    assert found.corners == ((0.25, 0.5), (0.5, 0.25), (0.75, 0.5), (0.5, 1))
    [found] = ask({"task": "detection"}, **boxes).detections
    assert found.corners is None


def test_an_embedding() -> None:
    assert ask({"task": "embedding"}, embedding=[0.5, -1.0]).embedding == (0.5, -1.0)
    assert ask({}, classes=[], scores=[]).embedding is None


def test_a_dense_map_is_typed() -> None:
    fields = {"width": 3, "height": 1, "low": 1.0, "high": 3.0, "levels": b"\0\x7f\xff"}
    result = ask({"task": "map", "unit": "m"}, map=fields)
    assert result.dense_map is not None
    assert result.dense_map.numpy()[0].tolist() == pytest.approx([1.0, 1 + 254 / 255, 3.0])


def test_a_task_that_this_client_does_not_know() -> None:
    result = ask({"task": "novelty"}, novelty=[1], scores=[0.5])
    assert (result.detections, result.classes, result.poses) == ((), (), ())
    assert result.message["novelty"] == [1]


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ({"type": "dropped", "reason": "expired"}, Dropped("a", "expired")),
        (error("bad_frame"), Failed("a", "bad_frame", "why", False)),
        (error("model_failed", True), Failed("a", "model_failed", "why", True)),
    ],
)
def test_other_outcomes(message: dict[str, Any], outcome: Any) -> None:
    puppet = Puppet().ready()
    puppet.offer("a")
    puppet.receive({**message, "id": 1})
    puppet.receive({**message, "id": 1})  # a second one finds no frame
    assert puppet.outcome("a") == outcome


def test_the_newest_frame_wins() -> None:
    puppet = Puppet().ready()
    puppet.offer("a", "b", "c")
    assert puppet.frames() == ["a"]
    assert puppet.outcome("b") == Dropped("b", "superseded_locally")
    puppet.answer(1)
    assert puppet.frames() == ["a", "c"]
    assert puppet.outcomes["c"] == []


def test_the_window_follows_the_rate_and_the_round_trip() -> None:
    puppet = Puppet().ready()
    for number in range(1, 31):  # 10 frames per second, each answered after 0.05 s
        puppet.session.frame_seen(puppet.now)
        puppet.offer(f"p{number}")
        puppet.wait(0.05)
        puppet.answer(number)
        puppet.wait(0.05)
    assert puppet.session.statistics().limit == 2
    puppet.offer("x", "y", "z")
    assert puppet.frames()[-2:] == ["x", "y"]


def test_the_gateways_window_is_the_most() -> None:
    puppet = Puppet().ready(limits={**LIMITS, "window": 2})
    puppet.session.frame_seen(puppet.now)
    puppet.offer("a")
    puppet.wait(0.9)
    puppet.answer(1)
    for _ in range(50):
        puppet.wait(0.01)
        puppet.session.frame_seen(puppet.now)
    puppet.offer("b", "c", "d")
    assert puppet.frames() == ["a", "b", "c"]


def test_pace_spaces_the_frames() -> None:
    puppet = Puppet().ready()
    puppet.receive({"type": "pace", "frames_per_s": 2.0})
    for number, name in enumerate(["a", "b"], 1):  # the one after a pause may follow at once
        puppet.offer(name)
        puppet.answer(number)
    puppet.offer("c")
    assert puppet.frames() == ["a", "b"]
    assert puppet.sleep_s() == pytest.approx(0.5)
    puppet.wait(0.5)
    assert puppet.frames() == ["a", "b", "c"]
    puppet.answer(3)
    puppet.receive({"type": "pace", "frames_per_s": None})
    puppet.offer("d")
    assert puppet.frames() == ["a", "b", "c", "d"]


def test_a_full_gateway_gets_a_pause_that_grows() -> None:
    puppet = Puppet().ready()
    for number, pause_s in enumerate([0.25, 0.5, 1.0, 2.0, 2.0], 1):
        puppet.offer(f"p{number}")
        puppet.receive({"type": "dropped", "id": number, "reason": "overloaded"})
        assert puppet.session.room_s(puppet.now) == pytest.approx(pause_s)
        puppet.wait(pause_s)
    puppet.offer("last")
    puppet.answer(6)
    assert puppet.session.room_s(puppet.now) == 0


@pytest.mark.parametrize(
    "frames_without_outcome", [["sent"], ["sent", "held"]], ids=["sent", "sent and held"]
)
def test_a_lost_connection_drops_every_frame(frames_without_outcome: list[str]) -> None:
    puppet = Puppet().ready()
    puppet.offer(*frames_without_outcome)
    puppet.lose()
    for name in frames_without_outcome:
        assert puppet.outcome(name) == Dropped(name, "disconnected")
    puppet.offer("later")
    assert puppet.outcome("later") == Dropped("later", "not_ready")


def test_a_frame_that_is_being_encoded_is_dropped_once() -> None:
    puppet = Puppet().ready()
    puppet.run = lambda: puppet.session.next_action(puppet.now)  # type: ignore[method-assign]
    puppet.offer("a")
    puppet.session.offer(held := _frame(puppet, "b"))
    del puppet.run  # type: ignore[attr-defined]
    puppet.lose()
    assert puppet.outcome("a") == Dropped("a", "disconnected")
    assert puppet.outcome("b") == Dropped("b", "disconnected")
    assert puppet.session.transmit(puppet.now, held, Encoded("jpeg", b"")) is None
    puppet.session.unusable(held, "too late")
    assert puppet.outcome("b") == Dropped("b", "disconnected")


def _frame(puppet: Puppet, name: str) -> Frame:
    return Frame(name, puppet.now, puppet.outcomes.setdefault(name, []).append)


def test_a_frame_that_is_being_encoded_takes_a_place_in_the_window() -> None:
    puppet = Puppet().ready()
    puppet.session.offer(_frame(puppet, "a"))
    assert isinstance(puppet.session.next_action(puppet.now), Encode)
    assert puppet.session.room_s(puppet.now) is None
    puppet.session.offer(_frame(puppet, "b"))
    assert isinstance(puppet.session.next_action(puppet.now), Sleep)


def test_failures_during_a_pause_do_not_extend_it() -> None:
    puppet = Puppet().ready()
    for _ in range(3):
        puppet.receive(error("overloaded", True))
    assert puppet.session.room_s(puppet.now) == pytest.approx(0.25)


def test_an_unreadable_picture_fails() -> None:
    puppet = Puppet().ready()
    frame = _frame(puppet, "a")
    puppet.session.offer(frame)
    action = puppet.session.next_action(puppet.now)
    assert isinstance(action, Encode)
    assert action.limits.max_frame_bytes == 1000
    puppet.session.unusable(frame, "no such file")
    assert puppet.outcome("a") == Failed("a", "bad_picture", "no such file", False)


def test_a_picture_above_the_limit_fails() -> None:
    puppet = Puppet().ready()
    puppet.offer("x" * 1001)
    outcome = puppet.outcome("x" * 1001)
    assert isinstance(outcome, Failed)
    assert outcome.code == "frame_too_large"
    assert puppet.frames() == []
    puppet.offer("next")
    assert puppet.frames() == ["next"]


# Reconnection


def test_the_waits_grow_and_a_proven_session_resets_them() -> None:
    puppet = Puppet()
    waits = []
    for _ in range(8):
        puppet.connect()
        waits.append(puppet.lose())
    assert waits == [0.25, 0.5, 1.0, 2.0, 4.0, 7.5, 7.5, 7.5]
    puppet.ready()
    puppet.wait(5)
    assert puppet.lose() == 0.25


def test_a_session_that_was_short_does_not_reset_them() -> None:
    puppet = Puppet()
    puppet.connect()
    puppet.lose()
    puppet.ready()
    puppet.wait(4.9)
    assert puppet.lose() == 0.5


def test_the_gateways_own_wait_is_kept() -> None:
    puppet = Puppet().ready()
    puppet.offer("a", "held")
    puppet.receive({"type": "going_away", "reconnect_after_ms": 3000, "reason": "restart"})
    assert puppet.session.state == "draining"
    assert puppet.outcome("held") == Dropped("held", "not_ready")
    puppet.receive({"type": "model_changed", "model": MODEL})
    puppet.offer("late")
    assert puppet.outcome("late") == Dropped("late", "not_ready")
    puppet.answer(1)
    assert isinstance(puppet.outcome("a"), Result)
    assert puppet.lose() == 3.0
    assert puppet.session.lost(puppet.now, None, 8.0) == 8.0
    assert puppet.lose() < 2


def test_a_close_right_after_going_away() -> None:
    puppet = Puppet(min_score=0.5).ready()
    puppet.session.configure({"max_results": 3})
    puppet.offer("a")
    puppet.receive({"type": "going_away", "reconnect_after_ms": 1000, "reason": "restart"})
    assert puppet.lose() == 1.0
    assert puppet.outcomes["a"] == [Dropped("a", "disconnected")]
    puppet.sent.clear()
    puppet.ready()
    [hello] = puppet.sent
    assert (hello["min_score"], hello["max_results"]) == (0.5, 3)
    puppet.offer("a")
    puppet.answer(2)
    assert isinstance(puppet.outcomes["a"][1], Result)


def test_the_options_are_resumed() -> None:
    puppet = Puppet(min_score=0.5).ready()
    puppet.session.configure({"min_score": 0.7, "model": "flowers"})
    puppet.lose()
    puppet.sent.clear()
    puppet.ready()
    assert puppet.sent == [
        {"type": "hello", "client": "test", "model": "flowers", "min_score": 0.7}
    ]


def test_ids_continue_and_late_outcomes_are_ignored() -> None:
    puppet = Puppet().ready()
    puppet.offer("a")
    puppet.lose()
    puppet.ready()
    puppet.offer("b")
    assert [m["id"] for m in puppet.sent if m["type"] == "frame"] == [1, 2]
    puppet.answer(1)
    assert puppet.outcomes["b"] == []


# Options


def test_changes_within_a_moment_are_sent_together() -> None:
    puppet = Puppet().ready()
    puppet.sent.clear()
    for score in (0.1, 0.2, 0.3):
        puppet.session.configure({"min_score": score})
        puppet.run()
    puppet.session.configure({"max_results": 5})
    puppet.wait(0.15)
    assert puppet.sent == [
        {"type": "configure", "min_score": 0.1},
        {"type": "configure", "min_score": 0.3, "max_results": 5},
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([{"label": "canary"}, {"version": 3}], {"version": 3}),
        ([{"version": 3}, {"label": "canary"}], {"label": "canary"}),
        ([{"label": "canary"}, {"model": "flowers"}], {"model": "flowers"}),
    ],
)
def test_the_last_choice_of_a_version_counts(
    changes: list[dict[str, Any]], message: dict[str, Any]
) -> None:
    puppet = Puppet().connect()
    for change in changes:
        puppet.session.configure(change)
    puppet.sent.clear()
    puppet.receive(WELCOME)
    assert puppet.sent == [{"type": "configure", **message}]
    assert puppet.session.options.message() == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "stable", "version": 1}, "only one of 'label' and 'version'"),
        ({"min_score": 1.5}, "'min_score' must be in 0..1, not 1.5"),
        ({"max_results": 0}, "'max_results' must be at least 1, not 0"),
        ({"orientation": "up"}, "'orientation' must be 'apply' or 'ignore', not 'up'"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Puppet(**options)


# Models


def test_no_frame_leaves_without_a_model() -> None:
    puppet = Puppet().ready(model=None)
    assert puppet.session.state == "waiting"
    puppet.offer("a")
    assert puppet.outcome("a") == Dropped("a", "not_ready")
    assert puppet.session.room_s(puppet.now) is None
    puppet.receive({"type": "model_changed", "model": MODEL})
    puppet.offer("b")
    assert puppet.frames() == ["b"]
    puppet.offer("held")
    puppet.receive({"type": "model_changed", "model": None})
    assert puppet.outcome("held") == Dropped("held", "not_ready")


def test_an_unknown_model_fails_every_frame_until_it_appears() -> None:
    puppet = Puppet().ready(model=None)
    puppet.receive(error("unknown_model"))
    puppet.offer("a")
    assert puppet.outcome("a") == Failed("a", "unknown_model", "why", False)
    assert puppet.session.room_s(puppet.now) == 0
    puppet.receive({"type": "model_changed", "model": MODEL})
    assert puppet.session.problem is None
    assert puppet.session.state == "ready"


def test_unknown_messages_and_fields_are_ignored() -> None:
    puppet = Puppet().ready(later="field")
    puppet.receive({"type": "from a later version"})
    assert puppet.session.state == "ready"


@pytest.mark.parametrize("window", ["4", None, 2.5])
def test_limits_that_are_not_whole_numbers_are_reported_as_they_arrive(window: Any) -> None:
    limits = {"window": window, "max_frame_bytes": 1, "max_pixels": 1, "max_staleness_ms": 1}
    with pytest.raises(TypeError):
        Puppet().ready(limits=limits)


@pytest.mark.parametrize("message", [{}, {"type": "welcome"}, {"type": "result", "id": 1}])
def test_an_incomplete_message_is_reported(message: dict[str, Any]) -> None:
    puppet = Puppet().ready()
    puppet.offer("a")
    with pytest.raises((KeyError, TypeError)):
        puppet.receive(message)
    puppet.lose()
    assert puppet.outcome("a") == Dropped("a", "disconnected")


# Life signs


def test_a_silent_gateway_is_given_up() -> None:
    puppet = Puppet().connect()
    assert puppet.session.give_up_at == puppet.now + 10
    puppet.receive(error("overloaded", True))
    assert puppet.session.give_up_at == puppet.now + 10
    puppet.receive(WELCOME)
    assert puppet.session.give_up_at == puppet.now + 30
    puppet.wait(10)
    assert puppet.sent[-1] == {"type": "ping"}
    assert puppet.sleep_s() == 10
    puppet.receive({"type": "pong", "t": None})
    assert puppet.session.give_up_at == puppet.now + 30


def test_frames_spare_the_pings() -> None:
    puppet = Puppet().ready()
    puppet.wait(9)
    puppet.offer("a")
    puppet.wait(9)
    assert puppet.sent[-1]["type"] == "frame"


# Refusals and tokens


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (error("unauthorized"), "refused"),
        (error("bad_message"), "refused"),
        (error("overloaded", True), "reconnecting"),
    ],
)
def test_what_the_answer_to_hello_leads_to(message: dict[str, Any], state: str) -> None:
    puppet = Puppet(renewable=True).connect()
    puppet.receive(message)
    puppet.lose()
    assert puppet.session.state == state
    assert (puppet.session.refusal is not None) == (state == "refused")


@pytest.mark.parametrize(("renewable", "state"), [(False, "refused"), (True, "reconnecting")])
def test_an_expired_token(renewable: bool, state: str) -> None:
    puppet = Puppet(renewable=renewable).ready(expires_in_s=100)
    puppet.receive(error("unauthorized"))
    puppet.lose()
    assert puppet.session.state == state


def test_a_token_is_renewed_in_time() -> None:
    puppet = Puppet(renewable=True).ready(expires_in_s=5)
    puppet.now += 4
    assert isinstance(puppet.run(), RenewToken)
    puppet.session.not_renewed(puppet.now)
    puppet.now += 5
    assert isinstance(puppet.run(), RenewToken)
    puppet.session.renewed("fresh")
    puppet.run()
    assert puppet.sent[-1] == {"type": "configure", "token": "fresh"}
    puppet.receive({"type": "authorized", "expires_in_s": 5})
    puppet.now += 4
    assert isinstance(puppet.run(), RenewToken)


def test_a_token_that_is_about_to_expire_is_renewed_once_a_second() -> None:
    puppet = Puppet(renewable=True).ready(expires_in_s=0)
    for _ in range(2):
        action = puppet.session.next_action(puppet.now)
        assert isinstance(action, Sleep)
        assert action.seconds == 1
        puppet.now += 1
        assert isinstance(puppet.session.next_action(puppet.now), RenewToken)
        puppet.receive({"type": "authorized", "expires_in_s": 0})


def test_a_token_that_cannot_be_renewed_is_not_asked_for() -> None:
    puppet = Puppet().ready(expires_in_s=5)
    puppet.wait(4)
    assert puppet.sleep_s() == 6  # until the ping


def test_every_frame_is_counted_once() -> None:
    puppet = Puppet().ready()
    puppet.offer("a", "b", "c")
    puppet.answer(1)
    puppet.receive(error("bad_frame", id=2))
    puppet.offer("d")
    puppet.session.close()
    statistics = puppet.session.statistics()
    assert (statistics.offered, statistics.sent, statistics.results) == (4, 3, 1)
    assert statistics.dropped == {"superseded_locally": 1, "disconnected": 1}
    assert statistics.failed == {"bad_frame": 1}
    assert statistics.state == "closed"
