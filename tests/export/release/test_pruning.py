"""What is removed, and what stays whatever its age."""

from __future__ import annotations

import pytest

from export.client.model_server import ModelServer
from export.errors import ReleaseError, ServerError
from export.publishing.location import locate
from export.publishing.publish import publish
from export.publishing.repository import Repository
from export.release.pruning import prune
from tests.export.release.conftest import MODEL, Place, available


def kept(place: Place, server: ModelServer, keep: int, dry_run: bool = False) -> dict[int, str]:
    repository = Repository(locate(str(place.base)))
    decided = prune(MODEL, repository, server, place.file, keep, dry_run)
    return {one.number: one.kept_for for one in decided}


def on_disk(place: Place) -> set[int]:
    return set(Repository(locate(str(place.base))).versions())


def test_labelled_serving_and_previous_versions_stay(place: Place, server: ModelServer) -> None:
    place.publish(2, 3, 4, 5, 6, 7)
    release = place.release(server)
    release.promote("stable", 1)
    release.promote("stable", 3)
    release.promote("canary", 5)
    decided = kept(place, server, 1, dry_run=True)
    assert on_disk(place) == {1, 2, 3, 4, 5, 6, 7}
    assert decided == kept(place, server, 1)
    assert decided == {
        7: "among the newest",
        6: "",
        5: "canary",
        4: "",
        3: "stable",
        2: "",
        1: "before stable",
    }
    assert on_disk(place) == {1, 3, 5, 7}
    release.rollback("stable")
    assert server.version_for_label(MODEL, "stable") == 1


def test_what_is_served_without_any_label_stays(place: Place, server: ModelServer) -> None:
    place.publish(0)
    assert kept(place, server, 1) == {1: "available", 0: ""}
    assert available(server) == {1}


def test_far_away(place: Place, server: ModelServer) -> None:
    repository = Repository(locate("memory://pruned/half"))
    for _ in range(3):
        publish(str(place.base / "1"), repository.location.text)
    decided = prune(MODEL, repository, server, place.file, 1, dry_run=False)
    assert [(one.number, one.kept_for) for one in decided] == [
        (3, "among the newest"),
        (2, ""),
        (1, "available"),
    ]
    assert repository.location.names() == ["1", "3"]
    repository.location.remove()


def test_nothing_goes_where_nobody_says_what_is_served(place: Place, server: ModelServer) -> None:
    place.publish(2, 3)
    repository = Repository(locate(str(place.base)))
    with pytest.raises(ServerError, match="no model server answers"):
        prune(MODEL, repository, ModelServer("127.0.0.1:1"), place.file, 1, False)
    with pytest.raises(ReleaseError, match="does not serve cats"):
        prune("cats", repository, server, place.file, 1, False)
    assert on_disk(place) == {1, 2, 3}
