"""A session's second model: when it is followed, and which one."""

from __future__ import annotations

from dataclasses import replace

from server.core.effects import Effect, SelectSecond
from server.core.messages import Configure, Hello, Options
from server.core.model import ModelKey, Then
from tests.server.core.sessions import GONE, MODEL, NOW, new, opened

FACES, CATS = ModelKey("faces"), ModelKey("cats")


def selected(effects: list[Effect]) -> list[ModelKey | None]:
    return [effect.key for effect in effects if isinstance(effect, SelectSecond)]


def test_hello_asks_for_it_at_once() -> None:
    session = new()
    assert selected(session.receive(Hello(Options(then=Then(FACES))), NOW)) == [FACES]
    assert selected(session.update_model(MODEL)) == []
    assert session.then == Then(FACES)


def test_configure_changes_it_and_turns_it_off() -> None:
    session = opened()
    for then, keys in (
        (Then(FACES), [FACES]),
        (Then(FACES, max_boxes=1), []),  # the same model
        (Then(CATS), [CATS]),
        (None, []),
        (False, [None]),
        (False, []),
    ):
        assert selected(session.receive(Configure(Options(then=then)), NOW)) == keys
    assert session.then is None


def test_other_options_apply_without_another_look_up() -> None:
    session = opened()
    session.receive(Configure(Options(then=Then(FACES))), NOW)
    session.receive(Configure(Options(then=Then(FACES, max_results=1))), NOW)
    assert session.then == Then(FACES, max_results=1)


def test_the_models_own_is_followed_as_the_model_changes() -> None:
    session = new()
    assert selected(session.receive(Hello(Options(then=True)), NOW)) == []
    assert selected(session.update_model(replace(MODEL, then=Then(FACES)))) == [FACES]
    assert selected(session.update_model(GONE)) == []  # it may come back
    assert session.then == Then(FACES)
    assert selected(session.update_model(replace(MODEL, version=2, then=Then(CATS)))) == [CATS]
    assert selected(session.update_model(replace(MODEL, version=3))) == [None]


def test_a_model_names_none_for_sessions_that_do_not_ask() -> None:
    session = new()
    session.receive(Hello(), NOW)
    assert selected(session.update_model(replace(MODEL, then=Then(FACES)))) == []
    assert session.then is None
