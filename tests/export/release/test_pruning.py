"""Which versions are removed, and which are always kept."""

from __future__ import annotations

import pytest

from export.client.model_server import ModelServer
from export.errors import ReleaseError, ServerError
from export.publishing.location import locate
from export.publishing.publish import publish
from export.publishing.repository import Repository
from export.release.pruning import prune
from tests.export.release.conftest import MODEL, Deployment, available


def kept(
    deployment: Deployment, server: ModelServer, keep: int, dry_run: bool = False
) -> dict[int, str]:
    repository = Repository(locate(str(deployment.base)))
    decided = prune(MODEL, repository, server, deployment.file, keep, dry_run)
    return {one.number: one.kept_for for one in decided}


def on_disk(deployment: Deployment) -> set[int]:
    return set(Repository(locate(str(deployment.base))).versions())


def test_labelled_loaded_and_previous_versions_are_kept(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2, 3, 4, 5, 6, 7)
    release = deployment.release(server)
    release.promote("stable", 1)
    release.promote("stable", 3)
    release.promote("canary", 5)
    decided = kept(deployment, server, 1, dry_run=True)
    assert on_disk(deployment) == {1, 2, 3, 4, 5, 6, 7}
    assert decided == kept(deployment, server, 1)
    assert decided == {
        7: "among the newest",
        6: "",
        5: "canary",
        4: "",
        3: "stable",
        2: "",
        1: "before stable",
    }
    assert on_disk(deployment) == {1, 3, 5, 7}
    release.rollback("stable")
    assert server.version_for_label(MODEL, "stable") == 1


def test_a_served_version_without_a_label_is_kept(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(0)
    assert kept(deployment, server, 1) == {1: "available", 0: ""}
    assert available(server) == {1}


def test_pruning_a_remote_repository(deployment: Deployment, server: ModelServer) -> None:
    repository = Repository(locate("memory://pruned/half"))
    for _ in range(3):
        publish(str(deployment.base / "1"), repository.location.text)
    decided = prune(MODEL, repository, server, deployment.file, 1, dry_run=False)
    assert [(one.number, one.kept_for) for one in decided] == [
        (3, "among the newest"),
        (2, ""),
        (1, "available"),
    ]
    assert repository.location.names() == ["1", "3"]
    repository.location.remove()


def test_nothing_is_removed_if_the_versions_in_use_are_unknown(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2, 3)
    repository = Repository(locate(str(deployment.base)))
    with pytest.raises(ServerError, match="no model server answers"):
        prune(MODEL, repository, ModelServer("127.0.0.1:1"), deployment.file, 1, False)
    with pytest.raises(ReleaseError, match="does not serve cats"):
        prune("cats", repository, server, deployment.file, 1, False)
    assert on_disk(deployment) == {1, 2, 3}
