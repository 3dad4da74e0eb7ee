"""A gateway moves labels of the model server that ``export`` releases to, through the same file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from export.client.model_server import ModelServer
from export.release import config
from server.backend.versionlabels import LabelMover
from tests.export.release.conftest import MODEL, Deployment


@pytest.fixture
def released(deployment: Deployment, server: ModelServer) -> Deployment:
    """Versions 1 and 2 are loaded; ``stable`` is 2, and was 1."""
    deployment.publish(2)
    release = deployment.release(server)
    release.promote("stable", 1)
    release.promote("stable", 2)
    return deployment


def mover(deployment: Deployment, *servers: ModelServer) -> LabelMover:
    return LabelMover(MODEL, str(deployment.file.path), lambda: [one.address for one in servers])


async def test_labels_move_and_a_release_goes_on_from_there(
    released: Deployment, server: ModelServer
) -> None:
    labels = mover(released, server)
    found = await labels.look_up()
    assert (found.labels, found.versions, found.reason) == ({"stable": 2}, [1, 2], "")
    assert await labels.move("stable", 1) == ""
    assert await labels.move("canary", 2) == ""
    assert server.version_for_label(MODEL, "stable") == 1
    assert server.version_for_label(MODEL, "canary") == 2
    assert config.labels(released.file.read(), MODEL) == {"stable": 1, "canary": 2}
    released.release(server).rollback("stable")
    assert server.version_for_label(MODEL, "stable") == 2


def by_hand(deployment: Deployment) -> None:
    """Change the file, and do not send it."""
    changed = config.changed(deployment.file.read(), MODEL, {1, 2}, {"stable": 1})
    deployment.file.write(changed)


def without_versions(deployment: Deployment) -> None:
    changed = deployment.file.read()
    changed.model_config_list.config[0].ClearField("model_version_policy")
    deployment.file.write(changed)


@pytest.mark.parametrize(
    ("change", "number", "reason"),
    [
        (lambda deployment: None, 7, "version 7 of half is not loaded everywhere"),
        (lambda deployment: deployment.publish(3), 3, "version 3 of half is not loaded everywhere"),
        (by_hand, 1, "does not follow the file: stable leads to 2 there, and to 1 in the file"),
        (without_versions, 1, "pins no versions of half"),
        (lambda deployment: deployment.file.write(None), 1, "does not exist; the first"),
        (lambda deployment: deployment.file.path.write_text("{"), 1, "cannot read"),
        (lambda deployment: deployment.file.path.write_text(""), 1, "does not list the model half"),
    ],
)
async def test_what_cannot_be_moved_stays(
    released: Deployment,
    server: ModelServer,
    change: Callable[[Deployment], None],
    number: int,
    reason: str,
) -> None:
    change(released)
    path = released.file.path
    before = path.read_text() if path.exists() else None
    assert reason in await mover(released, server).move("stable", number)
    assert (path.read_text() if path.exists() else None) == before
    assert server.version_for_label(MODEL, "stable") == 2


async def test_nothing_is_written_unless_every_model_server_answers(
    released: Deployment, server: ModelServer
) -> None:
    nobody = ModelServer("127.0.0.1:1")
    reason = await mover(released, server, nobody).move("stable", 1)
    nobody.close()
    assert "the model server at 127.0.0.1:1: " in reason
    assert config.labels(released.file.read(), MODEL) == {"stable": 2}


async def test_releases_take_turns(released: Deployment, server: ModelServer) -> None:
    with released.file.locked():
        reason = await mover(released, server).move("stable", 1)
    assert "another release" in reason
    assert server.version_for_label(MODEL, "stable") == 2
