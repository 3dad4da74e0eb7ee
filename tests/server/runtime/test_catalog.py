"""The models that clients are shown, and those of them that are looked up for nobody else."""

from __future__ import annotations

import pytest

from server.core.messages import Options
from server.core.model import Model, ModelKey
from server.runtime import catalog
from server.runtime.gateway import Gateway
from tests.server.camera import Camera
from tests.server.puppet import DIGITS, PuppetBackend, model
from tests.server.runtime.conftest import GatewayFactory
from tests.server.waiting import until

CATS = ModelKey("cats")
CATS_STABLE = ModelKey("cats", "stable")


def listed(gateway: Gateway) -> dict[str, int | None]:
    """The version of each model in the list; None: it has none."""
    results = {str(one.key): one.result for one in gateway.models()}
    return {
        name: result.version if isinstance(result, Model) else None
        for name, result in sorted(results.items())
    }


async def looked_up(gateway: Gateway) -> dict[str, int | None]:
    """The list once everything in it is known."""
    await until(lambda: all(one.result for one in gateway.models()))
    return listed(gateway)


async def test_offered_models_replace_those_offered_before(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    puppet.models[CATS] = model(CATS, 4)
    gateway.offer(["cats", "missing", "cats"])
    assert await looked_up(gateway) == {"cats": 4, "digits": 1, "missing": None}
    camera = await Camera(gateway).open(Options(model="cats"))
    gateway.offer(["dogs"])
    assert await looked_up(gateway) == {"cats": 4, "digits": 1, "dogs": None}  # a session's
    camera.leave()
    assert listed(gateway) == {"digits": 1, "dogs": None}


async def test_a_model_is_offered_that_a_session_asks_for_in_vain(gateway: Gateway) -> None:
    await Camera(gateway).open(Options(model="cats"))
    assert await looked_up(gateway) == {"digits": 1}
    gateway.offer(["cats"])
    assert await looked_up(gateway) == {"cats": None, "digits": 1}


async def test_the_list_follows_the_labels_of_offered_models(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    puppet.models[CATS] = model(CATS, 2)
    gateway.offer(["cats"])
    assert await looked_up(gateway) == {"cats": 2, "digits": 1}
    puppet.models[CATS_STABLE] = model(CATS_STABLE, 1)
    await until(lambda: listed(gateway) == {"cats:stable": 1, "digits": 1})
    del puppet.models[CATS_STABLE]
    gateway._models.invalidate(CATS_STABLE)
    await until(lambda: listed(gateway) == {"cats": 2, "digits": 1})
    gateway.offer([])
    assert listed(gateway) == {"digits": 1}
    assert gateway._models.current(CATS_STABLE) is None


async def test_the_default_model_may_be_offered_as_well(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    blue = ModelKey("digits", "blue")
    puppet.models[blue] = model(blue, 3)
    gateway = make_gateway(label="blue")
    gateway.offer(["digits"])
    assert await looked_up(gateway) == {"digits:blue": 3}
    assert DIGITS not in puppet.lookups
    gateway.offer([])
    assert listed(gateway) == {"digits:blue": 3}
    assert [one.default for one in gateway.models()] == [True]


async def test_offered_models_are_bounded(
    gateway: Gateway, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "MAX_OFFERED", 2)
    gateway.offer(["a", "b", "c"])
    assert await looked_up(gateway) == {"a": None, "b": None, "digits": 1}
    assert "3 models are configured; the first 2 are listed" in caplog.text
