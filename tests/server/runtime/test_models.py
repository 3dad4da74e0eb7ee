"""Which models there are: when they are looked up, and who is told of what."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from server.backend.interface import Inference
from server.core.errors import BackendUnavailable, ModelUnavailable, UnknownModel
from server.core.model import Model, ModelKey
from server.runtime import models as models_module
from server.runtime.models import Interest, ModelOrError, Models
from tests.server.puppet import DIGITS, PuppetBackend, model
from tests.server.waiting import until

CATS = ModelKey("cats")
DEFAULT = Interest.DEFAULT
GONE = BackendUnavailable("no model server answers")


class Told:
    """Takes what Models tells, one at a time."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[tuple[ModelKey, ModelOrError]] = asyncio.Queue()

    def model_changed(self, key: ModelKey, result: ModelOrError) -> None:
        """A model has changed."""
        self._news.put_nowait((key, result))

    async def next(self) -> str:
        """The next change in one word: a version's number or an error's code."""
        _, found = await asyncio.wait_for(self._news.get(), 20)
        return str(found.version) if isinstance(found, Model) else found.code

    @property
    def silent(self) -> bool:
        return self._news.empty()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest_asyncio.fixture
async def models(puppet: PuppetBackend, told: Told) -> AsyncIterator[Models]:
    found = Models(puppet, told)
    yield found
    await found.close()


async def test_one_lookup_for_all_who_ask(
    models: Models, puppet: PuppetBackend, told: Told
) -> None:
    assert models.acquire(DIGITS, DEFAULT) is None
    assert models.acquire(DIGITS, DEFAULT) is None
    assert await told.next() == "1"
    assert models.acquire(DIGITS, DEFAULT) == models.current(DIGITS) == model()
    assert puppet.lookups == [DIGITS]


async def test_what_has_not_changed_is_not_told(
    models: Models, puppet: PuppetBackend, told: Told
) -> None:
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    models.invalidate(DIGITS)
    await until(lambda: len(puppet.lookups) == 2)
    puppet.models[DIGITS] = model(version=2)
    models.invalidate(DIGITS)
    assert await told.next() == "2"
    assert told.silent


async def test_a_refresh_finds_what_nobody_hinted_at(
    models: Models, puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_module, "REFRESH_S", 0.01)
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    puppet.models[DIGITS] = model(version=2)
    assert await told.next() == "2"
    del puppet.models[DIGITS]
    assert await told.next() == "unknown_model"


async def test_doubts_come_in_crowds_and_are_heard_after_a_pause(
    models: Models, puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_module, "FIRST_PAUSE_S", 0.05)
    started = asyncio.get_running_loop().time()
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    while len(puppet.lookups) < 4:
        models.invalidate(DIGITS)
        await asyncio.sleep(0)
    assert asyncio.get_running_loop().time() - started > 0.14
    # The last doubt is heard, and then there is no more.
    await asyncio.sleep(0.2)
    assert len(puppet.lookups) <= 5


async def test_a_doubt_with_a_reason_is_told_at_once(
    models: Models, puppet: PuppetBackend, told: Told
) -> None:
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    gone = BackendUnavailable("connection lost")
    models.invalidate(DIGITS, gone)
    assert models.current(DIGITS) is gone
    assert await told.next() == "backend_unavailable"
    assert await told.next() == "1"
    models.invalidate(CATS, gone)  # nobody uses it
    assert models.current(CATS) is None


async def test_a_model_stays_known_while_the_model_server_cannot_say(
    models: Models, puppet: PuppetBackend, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    """As when it is too busy for a look-up, but answers calls."""
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    puppet.models[DIGITS] = ModelUnavailable("it did not describe itself: its queue is full")
    models.invalidate(DIGITS)
    await until(lambda: len(puppet.lookups) == 4)
    assert models.current(DIGITS) == model()
    puppet.models[DIGITS] = UnknownModel("no such model")
    assert await told.next() == "unknown_model"
    assert [line for line in caplog.messages if "queue is full" in line] == [
        "model digits stays as it is known: it did not describe itself: its queue is full"
    ]


async def test_a_missing_model_is_told_once_and_found_when_it_comes(
    models: Models, puppet: PuppetBackend, told: Told
) -> None:
    models.acquire(CATS, DEFAULT)
    assert await told.next() == "unknown_model"
    await until(lambda: len(puppet.lookups) > 4)
    assert told.silent
    puppet.models[CATS] = model(CATS, 7)
    assert await told.next() == "7"


async def test_a_lost_connection_is_told_and_its_return_is_used_at_once(
    models: Models, puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    puppet.watch(lambda there: models.channel_changed(None if there else GONE))
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    puppet.go_away()
    assert await told.next() == "backend_unavailable"
    puppet.come_back()
    assert await told.next() == "1"
    # However long the pause is by then.
    monkeypatch.setattr(models_module, "FIRST_PAUSE_S", 3600.0)
    monkeypatch.setattr(models_module, "LONGEST_PAUSE_S", 3600.0)
    puppet.go_away()
    assert await told.next() == "backend_unavailable"
    models.acquire(CATS, DEFAULT)
    assert await told.next() == "backend_unavailable"
    puppet.models[CATS] = model(CATS, 7)
    puppet.come_back()
    assert {await told.next(), await told.next()} == {"1", "7"}


async def test_errors_of_any_other_kind_are_internal(
    models: Models, puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(key: ModelKey) -> Model:
        raise ZeroDivisionError

    works = puppet.discover
    monkeypatch.setattr(puppet, "discover", broken)
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "internal"
    monkeypatch.setattr(puppet, "discover", works)
    assert await told.next() == "1"


async def test_a_listener_that_fails_ends_no_look_up(
    puppet: PuppetBackend, logged: Callable[[], list[str]]
) -> None:
    class Failing:
        """Fails on every change."""

        changes = 0

        def model_changed(self, key: ModelKey, result: ModelOrError) -> None:
            self.changes += 1
            raise ZeroDivisionError

    listener = Failing()
    models = Models(puppet, listener)
    models.acquire(DIGITS, DEFAULT)
    await until(lambda: listener.changes == 1)
    puppet.models[DIGITS] = model(version=2)
    models.invalidate(DIGITS)
    await until(lambda: listener.changes == 2)
    assert "passing on a change of model digits failed" in logged()
    await models.close()


async def test_missing_models_of_clients_share_a_bounded_rate(
    puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are looked up again ever more rarely, and take nothing from the default model."""
    monkeypatch.setattr(models_module, "RETRIES_PER_S", 50)
    models = Models(puppet, told)
    puppet.watch(lambda there: models.channel_changed(None if there else GONE))
    puppet.come_back()
    missing = [ModelKey(f"missing{number}") for number in range(50)]

    def again() -> int:
        return sum(puppet.lookups.count(key) - 1 for key in missing)

    for key in missing:
        models.acquire(key, Interest.CLIENT)
    models.acquire(CATS, DEFAULT)
    started = time.monotonic()
    await asyncio.sleep(0.3)
    await until(lambda: again() > 0 and puppet.lookups.count(CATS) > 10)
    most = models_module.RETRIES_BURST + 50 * (time.monotonic() - started)
    assert again() <= most
    await models.close()


async def test_models_that_nobody_asks_for_any_more_keep_no_turns(
    puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, clients that change their models all the time would use up hours in advance."""
    for name, value in (("LOOKUPS_BURST", 1000), ("RETRIES_BURST", 1), ("LONGEST_TURN_S", 0.2)):
        monkeypatch.setattr(models_module, name, value)
    models = Models(puppet, told)
    puppet.watch(lambda there: models.channel_changed(None if there else GONE))
    puppet.come_back()
    missing = [ModelKey(f"missing{number}") for number in range(400)]
    for key in missing:
        models.acquire(key, Interest.CLIENT)
    for _ in missing:
        assert await told.next() == "unknown_model"
    await until(lambda: len(puppet.lookups) > len(missing))  # their turns have begun
    for key in missing:
        models.release(key)
    models.acquire(CATS, Interest.CLIENT)
    assert await told.next() == "unknown_model"
    puppet.models[CATS] = model(CATS, 7)
    assert await told.next() == "7"
    await models.close()


async def test_new_names_of_clients_share_a_bounded_rate(
    puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever would wait too long for a turn learns that at once, and the default never waits."""
    monkeypatch.setattr(models_module, "LOOKUPS_BURST", 10)
    monkeypatch.setattr(models_module, "LOOKUPS_PER_S", 0.01)
    models = Models(puppet, told)
    for number in range(15):
        models.acquire(ModelKey(f"missing{number}"), Interest.CLIENT)
    codes = [await told.next() for _ in range(15)]
    assert codes.count("unknown_model") == 10
    assert codes.count("overloaded") == 5
    models.acquire(CATS, DEFAULT)
    assert await told.next() == "unknown_model"
    await models.close()


async def test_what_clients_ask_for_is_no_news_for_the_log(
    models: Models, puppet: PuppetBackend, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    puppet.models[CATS] = model(CATS)
    models.acquire(CATS, Interest.CLIENT)
    models.acquire(ModelKey("missing"), Interest.CLIENT)
    await told.next()
    await told.next()
    assert caplog.messages == []
    models.acquire(DIGITS, Interest.LABEL)
    await told.next()
    assert caplog.messages == ["model digits: version 1, detection"]


async def test_what_clients_asked_for_in_vain_is_looked_up_anew_for_others(
    models: Models, puppet: PuppetBackend, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only after the long pause that it has reached by then."""
    monkeypatch.setattr(models_module, "FIRST_PAUSE_S", 3600.0)
    puppet.watch(lambda there: models.channel_changed(None if there else GONE))
    puppet.come_back()
    models.acquire(CATS, Interest.CLIENT)
    assert await told.next() == "unknown_model"
    puppet.models[CATS] = model(CATS, 7)
    assert isinstance(models.acquire(CATS, Interest.CLIENT), UnknownModel)
    assert models.acquire(CATS, Interest.LABEL) is None
    assert await told.next() == "7"
    assert isinstance(models.acquire(CATS, DEFAULT), Model), "what is known stays so"
    assert puppet.lookups == [CATS, CATS]


async def test_nothing_is_looked_up_for_nobody(
    models: Models, puppet: PuppetBackend, told: Told
) -> None:
    puppet.answers_lookups.clear()
    models.acquire(DIGITS, DEFAULT)
    models.acquire(DIGITS, DEFAULT)
    await until(lambda: puppet.lookups == [DIGITS])
    models.release(DIGITS)
    assert models.current(DIGITS) is None
    models.release(DIGITS)
    puppet.answers_lookups.set()
    models.acquire(CATS, DEFAULT)
    assert await told.next() == "unknown_model"
    assert told.silent
    # A new user starts from the beginning.
    assert models.acquire(DIGITS, DEFAULT) is None
    assert await told.next() == "1"


async def test_who_is_doubted_and_released_at_once_is_forgotten(
    models: Models, puppet: PuppetBackend, told: Told
) -> None:
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    [task] = [task for task in asyncio.all_tasks() if "_follow" in repr(task)]
    await asyncio.sleep(0.02)  # past the pause, to where it waits for doubts
    models.invalidate(DIGITS)
    models.release(DIGITS)
    await asyncio.wait((task,), timeout=20)
    assert task.cancelled()


async def test_close_stops_everything(models: Models, puppet: PuppetBackend) -> None:
    puppet.models[DIGITS] = UnknownModel("no")
    models.acquire(DIGITS, DEFAULT)
    await until(lambda: len(puppet.lookups) > 2)
    await models.close()
    count = len(puppet.lookups)
    await asyncio.sleep(0.03)
    assert len(puppet.lookups) == count
    models.release(DIGITS)  # sessions leave after it
    models.invalidate(DIGITS)
    assert models.current(DIGITS) is None


# What answers add


async def test_labels_that_an_answer_brings_are_known_at_once(
    models: Models, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.acquire(DIGITS, DEFAULT)
    assert await told.next() == "1"
    labels = ("zero", "one", "newt")
    models.answered(DIGITS, Inference(2, [], labels=labels))  # of another version
    models.answered(DIGITS, Inference(1, [], labels=labels[:2]))  # known
    models.answered(CATS, Inference(1, [], labels=labels))  # nobody's any more
    assert told.silent
    models.answered(DIGITS, Inference(1, [], labels=labels))
    assert await told.next() == "1"
    known = models.current(DIGITS)
    assert isinstance(known, Model)
    assert known.labels == labels
    monkeypatch.setattr(models_module, "MAX_LABELS_AT_ONCE", 3)
    models.answered(DIGITS, Inference(1, [], labels=(*labels, "one too many")))
    assert told.silent
