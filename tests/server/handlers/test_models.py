"""GET /v1/models: what sessions can ask for; and the names of classes in HTTP answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from server.app import offer_models
from server.backend.interface import Inference
from server.core.answers import Classification, Poses, Segmentation
from server.core.errors import BackendUnavailable, NotLoaded, UnusableModel
from server.core.messages import Options
from server.core.model import Model, ModelKey
from server.runtime.metrics import Metrics
from tests.server.access import keyring
from tests.server.camera import Camera
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.test_upload import fields_of, post
from tests.server.puppet import CANARY, DIGITS, STABLE, PuppetBackend, model
from tests.server.samples import picture
from tests.server.waiting import until

CATS, DOGS, BIRDS = ModelKey("cats"), ModelKey("dogs"), ModelKey("birds")
CATS_STABLE = ModelKey("cats", "stable")


async def get(served: Served, method: str = "GET", **headers: str) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(
        served.url("/v1/models"),
        method=method,
        headers=headers,
        raise_error=False,
        allow_nonstandard_methods=True,
    )


async def models(served: Served, **headers: str) -> dict[str, dict[str, Any]]:
    """The entries by model and label."""
    answer = await get(served, **headers)
    assert answer.code == 200, answer.body
    return {
        entry["name"] + (f":{entry['label']}" if entry["label"] else ""): entry
        for entry in json.loads(answer.body)["models"]
    }


async def test_the_default_model(served: Served) -> None:
    await served.gateway.became_ready()
    assert await models(served) == {
        "digits": {
            "name": "digits",
            "version": 1,
            "label": None,
            "task": "detection",
            "labels": ["zero", "one"],
            "formats": ["jpeg", "png", "rgba", "rgb", "gray"],
            "width": 192,
            "height": 192,
            "resize": "stretch",
            "default": True,
            "state": "ready",
        }
    }


async def test_labels_are_entries_of_their_own(serve: Serve, puppet: PuppetBackend) -> None:
    puppet.models[STABLE] = model(STABLE, 1)
    puppet.models[CANARY] = model(CANARY, 3)
    served = serve(canary_share=0.5)
    await served.gateway.became_ready()
    await until(lambda: len(served.gateway.models()) == 2)
    found = await models(served)
    assert {name: (entry["version"], entry["default"]) for name, entry in found.items()} == {
        "digits:canary": (3, False),
        "digits:stable": (1, True),
    }


async def test_what_the_list_has_is_what_a_name_leads_to(
    serve: Serve, puppet: PuppetBackend
) -> None:
    puppet.models[CATS] = model(CATS, 2)
    puppet.models[CATS_STABLE] = model(CATS_STABLE, 1)
    puppet.models[DOGS] = model(DOGS, 5)
    puppet.models[BIRDS] = model(BIRDS, 7)
    puppet.models[ModelKey("birds", "stable")] = NotLoaded("Specific(birds, 6)")
    served = serve()
    await served.gateway.became_ready()
    served.gateway.offer(["cats", "dogs", "birds"])
    await until(lambda: all(one.result for one in served.gateway.models()))
    found = await models(served)
    assert sorted(found) == ["birds", "cats:stable", "digits", "dogs"]
    assert found["birds"]["state"] == "backend_unavailable", "the newest was not released"
    listed = {name: one["version"] for name, one in found.items() if name != "birds"}
    assert listed == {"cats:stable": 1, "digits": 1, "dogs": 5}
    for name, entry in found.items():
        answer = await post(served, picture(), query=f"?model={entry['name']}")
        assert (answer.code == 200) == (name != "birds")


async def test_an_upload_that_names_a_model_gets_its_stable_version(
    serve: Serve, puppet: PuppetBackend
) -> None:
    puppet.models[CATS] = model(CATS, 2)
    puppet.models[CATS_STABLE] = model(CATS_STABLE, 1)
    exact = ModelKey("cats", version=2)
    puppet.models[exact] = model(exact, 2)
    served = serve()
    puppet.obey = lambda call: call.answer(puppet.models[call.lane.model].version)  # type: ignore[union-attr]
    for query, version in (("?model=cats", 1), ("?model=cats&version=2", 2)):
        found = fields_of(await post(served, picture(), query=query))
        assert found["model_version"] == version


async def test_what_sessions_use_and_not_what_they_ask_for_in_vain(served: Served) -> None:
    served.puppet.models[CATS] = replace(model(CATS, 4), labels=("tabby",))
    await served.gateway.became_ready()
    camera = await Camera(served.gateway).open(Options(model="cats"))
    await Camera(served.gateway).open(Options(model="dogs"))
    found = await models(served)
    assert sorted(found) == ["cats", "digits"]
    assert found["cats"]["labels"] == ["tabby"]
    camera.leave()
    assert sorted(await models(served)) == ["digits"]


async def test_described_models_are_there_before_a_session_asks(
    serve: Serve, puppet: PuppetBackend
) -> None:
    puppet.models[CATS] = model(CATS)
    served = serve()
    served.gateway.offer(["cats", "dogs"])
    await until(lambda: all(one.result for one in served.gateway.models()))
    found = await models(served)
    assert found["cats"]["state"] == "ready"
    assert found["dogs"] == {
        "name": "dogs",
        "version": None,
        "label": None,
        "default": False,
        "state": "unknown_model",
        "message": "there is no dogs",
    }


async def test_models_of_the_configuration_file_come_and_go_with_it(
    serve: Serve, puppet: PuppetBackend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    puppet.models[CATS] = model(CATS)
    path = tmp_path / "models.config"
    served = serve(model_config=str(path))
    await served.gateway.became_ready()
    path.write_text("model_config_list {")
    offer_models(served.gateway, served.settings)
    assert caplog.messages[-1].endswith("; continuing without it")
    path.unlink()
    path.mkdir()
    offer_models(served.gateway, served.settings)
    words = f"cannot read {path}: Is a directory; continuing without it"
    assert caplog.messages[-1] == f"model_config: {words}"
    path.rmdir()
    [watcher] = offer_models(served.gateway, served.settings)
    assert sorted(await models(served)) == ["digits"]

    def release(*names: str) -> None:
        """Write the file and notice it, as after a release."""
        rows = [f'config {{ name: "{name}" base_path: "/models/{name}" }}' for name in names]
        path.write_text(f"model_config_list {{ {' '.join(rows)} }}")
        for _ in range(2):
            watcher.poll()

    release("digits", "cats", "dogs")
    await until(lambda: all(one.result for one in served.gateway.models()))
    found = await models(served)
    assert {name: (one["state"], one["default"]) for name, one in found.items()} == {
        "digits": ("ready", True),
        "cats": ("ready", False),
        "dogs": ("unknown_model", False),
    }
    puppet.models[ModelKey("dogs")] = model(ModelKey("dogs"))
    await until(lambda: all(isinstance(one.result, Model) for one in served.gateway.models()))

    path.write_text("model_config_list {")
    watcher.reload()
    assert f"model_config: cannot read {path}" in caplog.text
    assert sorted(await models(served)) == ["cats", "digits", "dogs"]
    release("digits", "dogs")
    assert sorted(await models(served)) == ["digits", "dogs"]
    path.unlink()
    watcher.reload()
    assert sorted(await models(served)) == ["digits"]


@pytest.mark.parametrize("error", [BackendUnavailable("gone"), UnusableModel("no pictures")])
async def test_a_default_model_that_cannot_answer(
    serve: Serve, puppet: PuppetBackend, error: BackendUnavailable | UnusableModel
) -> None:
    puppet.models[DIGITS] = error
    served = serve()
    await until(lambda: served.gateway.ready() is error)
    [entry] = (await models(served)).values()
    assert (entry["state"], entry["message"], entry["default"]) == (error.code, error.message, True)


async def test_a_default_model_that_is_looked_up(serve: Serve, puppet: PuppetBackend) -> None:
    puppet.answers_lookups.clear()
    found = await models(serve())
    assert found["digits"]["state"] == "looking_up"
    assert found["digits"]["message"] == "model digits is being looked up"
    puppet.answers_lookups.set()


async def test_access_is_as_for_uploads(serve: Serve, tmp_path: Path) -> None:
    key = keyring.secret("one")
    keys = str(keyring.write(tmp_path / "keys.json", key))
    served = serve(token_keys=keys, allowed_origins="https://page.example")
    await served.gateway.became_ready()
    missing = await get(served)
    assert (missing.code, json.loads(missing.body)["code"]) == (401, "unauthorized")
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    token = {"Authorization": f"Bearer {keyring.signed(key)}"}
    assert "digits" in await models(served, **token)
    foreign = await get(served, Origin="https://foreign.example", **token)
    assert (foreign.code, json.loads(foreign.body)["code"]) == (403, "forbidden_origin")
    page = await get(served, Origin="https://page.example", **token)
    assert page.headers["Access-Control-Allow-Origin"] == "https://page.example"
    preflight = await get(served, "OPTIONS", Origin="https://page.example")
    assert (preflight.code, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET")
    value = Metrics(served.gateway).registry.get_sample_value
    labels = {"path": "/v1/models", "code": "unauthorized"}
    assert value("framewire_refused_requests_total", labels) == 1


async def test_other_methods(served: Served) -> None:
    assert (await get(served, "HEAD")).code == 200
    answer = await get(served, "POST")
    assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert json.loads(answer.body)["message"] == "Method Not Allowed: use GET"


# Names of classes in the answers to uploads


@pytest.mark.parametrize(
    ("names", "classes", "labels"),
    [
        (("zero", "one"), [1, 0], ["one", "zero"]),
        (("zero",), [0, 1], ["zero", None]),  # a name that is learnt later
        ((), [1, 0], None),
    ],
)
async def test_the_answer_names_its_classes(
    serve: Serve,
    puppet: PuppetBackend,
    names: tuple[str, ...],
    classes: list[int],
    labels: list[str] | None,
) -> None:
    puppet.models[DIGITS] = replace(model(), labels=names)
    served = serve()
    puppet.obey = lambda call: call.answer_with([Classification(classes, [0.5, 0.25])])
    found = fields_of(await post(served, picture()))
    assert found["classes"] == classes
    assert found.get("labels") == labels


async def test_the_answer_has_the_names_that_it_brings(serve: Serve, puppet: PuppetBackend) -> None:
    served = serve()
    answer = Classification([2, 0], [0.5, 0.25])
    labels = ("zero", "one", "newt")
    puppet.obey = lambda call: call.ended.set_result(Inference(1, [answer], labels=labels))
    assert fields_of(await post(served, picture()))["labels"] == ["newt", "zero"]
    assert (await models(served))["digits"]["labels"] == list(labels)


async def test_the_answer_names_all_classes_that_masks_can_have(
    serve: Serve, puppet: PuppetBackend
) -> None:
    puppet.models[DIGITS] = replace(model(), task="segmentation")
    served = serve()
    puppet.obey = lambda call: call.answer_with([Segmentation(2, 1, [1, 2])])
    found = fields_of(await post(served, picture(), query="?min_score=0.9"))
    assert found["masks"] == {"width": 2, "height": 1, "runs": [1, 2]}
    assert found["labels"] == ["zero", "one"]


async def test_the_answer_names_the_points_of_its_poses(
    serve: Serve, puppet: PuppetBackend
) -> None:
    puppet.models[DIGITS] = replace(
        model(), task="keypoints", labels=("wrist", "thumb"), skeleton=((0, 1),)
    )
    served = serve()
    pose = [0.1, 0.2, 0.9, 1 / 3, 0.4, 0.5]
    puppet.obey = lambda call: call.answer_with([Poses([pose, pose], [0.7, 0.2])])
    found = fields_of(await post(served, picture(), query="?min_score=0.5"))
    assert found["keypoints"] == [[0.1, 0.2, 0.9, 0.33333, 0.4, 0.5]]
    assert (found["scores"], found["labels"]) == ([0.7], ["wrist", "thumb"])
    assert (await models(served))["digits"]["skeleton"] == [[0, 1]]
