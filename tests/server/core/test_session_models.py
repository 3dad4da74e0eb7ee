"""A session and its model: what is told of it, and where frames travel."""

from __future__ import annotations

import pytest

from server.core.errors import (
    FramewireError,
    UnknownModel,
)
from server.core.messages import (
    Configure,
    Frame,
    Hello,
    ModelChanged,
    Options,
    Welcome,
)
from server.core.model import Lane, Model, ModelKey
from server.core.session import (
    Offer,
    Select,
    Send,
)
from tests.server.core.sessions import (
    GONE,
    KEY,
    LANE,
    MODEL,
    NOW,
    accept,
    assert_error,
    new,
    opened,
)
from tests.server.samples import LIMITS, frame


def test_welcome_waits_for_what_is_known_of_the_model() -> None:
    session = new()
    session.receive(Hello(), NOW)
    assert_error(
        session.receive(frame(1), NOW), "backend_unavailable", "is being looked up", frame_id=1
    )
    assert session.update_model(MODEL) == [Send(Welcome("s1", MODEL, LIMITS, 20.0))]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (Options(), "digits:stable"),
        (Options(model="cats"), "cats"),
        (Options(model="cats", label="canary"), "cats:canary"),
        (Options(version=3), "digits/3"),
    ],
)
def test_a_frame_during_the_look_up_learns_which_model_it_is(options: Options, named: str) -> None:
    session = new()
    session.receive(Hello(options), NOW)
    effects = session.receive(frame(1), NOW)
    assert_error(effects, "backend_unavailable", f"model {named} is being looked up", frame_id=1)


def test_welcome_without_a_model_server() -> None:
    session = new()
    session.receive(Hello(), NOW)
    assert session.update_model(GONE) == [Send(Welcome("s1", None, LIMITS, 20.0))]
    assert_error(session.receive(frame(1), NOW), "backend_unavailable", GONE.message, frame_id=1)
    assert session.update_model(MODEL) == [Send(ModelChanged(MODEL))]
    accept(session, 2)


def test_welcome_with_a_model_that_nobody_has() -> None:
    session = new()
    session.receive(Hello(Options(model="cats")), NOW)
    welcome, error = session.update_model(UnknownModel("no cats"))
    assert welcome == Send(Welcome("s1", None, LIMITS, 20.0))
    assert_error([error], "unknown_model", "no cats")
    assert_error(session.receive(frame(1), NOW), "unknown_model", "no cats", frame_id=1)


def test_model_changes_are_told_once() -> None:
    session = opened()
    newer = Model(KEY, 2, "detection", lanes={"jpeg": LANE})
    assert session.update_model(MODEL) == []
    assert session.update_model(newer) == [Send(ModelChanged(newer))]
    assert session.update_model(GONE) == [Send(ModelChanged(None))]
    assert session.update_model(GONE) == []
    assert session.update_model(newer) == [Send(ModelChanged(newer))]


def test_why_there_is_no_model_is_told_whenever_it_is_news() -> None:
    session = opened()
    unknown = UnknownModel("gone")
    changed, error = session.update_model(unknown)
    assert changed == Send(ModelChanged(None))
    assert_error([error], "unknown_model", "gone")
    assert session.update_model(unknown) == []
    assert_error(session.update_model(UnknownModel("another reason")), "unknown_model")
    session.update_model(MODEL)
    assert len(session.update_model(unknown)) == 2


def test_after_configure_no_frame_goes_to_the_model_before() -> None:
    session = opened()
    session.receive(Configure(Options(model="cats")), NOW)
    assert_error(session.receive(frame(1), NOW), "backend_unavailable", "cats is being", frame_id=1)
    cats = ModelKey("cats")
    model = Model(cats, 9, "classification", lanes={"jpeg": Lane(cats, "serving_default")})
    assert session.update_model(model) == [Send(ModelChanged(model))]
    assert session.receive(frame(2), NOW) == [Offer(frame(2), model.lanes["jpeg"])]


@pytest.mark.parametrize("found", [GONE, UnknownModel("no cats")], ids=["unreachable", "unknown"])
def test_configure_to_a_model_that_is_not_there(found: FramewireError) -> None:
    session = opened()
    session.receive(Configure(Options(model="cats")), NOW)
    effects = session.update_model(found)
    assert effects[0] == Send(ModelChanged(None))
    assert_error(session.receive(frame(1), NOW), found.code, frame_id=1)
    # And back to the first one, which is known at once.
    back = ModelKey("digits")
    assert session.receive(Configure(Options(model="digits")), NOW) == [Select(back)]
    assert session.update_model(MODEL) == [Send(ModelChanged(MODEL))]


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (Options(), KEY),
        (Options(model="digits"), ModelKey("digits")),
        (Options(model="digits", label="stable"), KEY),
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


def test_the_lane_of_a_format_is_the_models() -> None:
    session = opened()
    assert session.lane(frame(1)) == LANE
    assert session.lane(frame(2)._replace(format="webp")) is None
    session.update_model(GONE)
    assert session.lane(frame(3)) is None


def test_the_clients_name_is_kept_until_it_names_another() -> None:
    session = new()
    session.receive(Hello(Options(client="camera 1")), NOW)
    session.receive(Configure(Options(min_score=0.5)), NOW)
    assert session.preferences.client == "camera 1"
