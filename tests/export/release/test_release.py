"""Move labels; failures leave everything as it was."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import pytest

from export.client import waiting
from export.client.model_server import AVAILABLE, ModelServer, Status
from export.errors import ExportError, ReleaseError, ServerError
from export.publishing.location import locate
from export.publishing.repository import Repository
from export.release import config
from tests.export.release.conftest import MODEL, Deployment, available


@pytest.fixture(autouse=True)
def _soon_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_SETTLE_S", 0.5)


def until(true: Callable[[], bool]) -> None:
    """Wait for the server, which unloads versions asynchronously."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def labelled(server: ModelServer, *labels: str) -> list[int | None]:
    return [server.version_for_label(MODEL, label) for label in labels]


def test_the_first_label(deployment: Deployment, server: ModelServer) -> None:
    deployment.publish(2)
    until(lambda: available(server) == {2})
    deployment.release(server).promote("stable", 1)
    assert labelled(server, "stable", "canary") == [1, None]
    assert available(server) == {1, 2}
    assert deployment.shown[-1] == "version 1 AVAILABLE"
    assert deployment.said == ["stable      1"]
    written = deployment.file.read()
    assert config.labels(written, MODEL) == {"stable": 1}
    assert config.pinned(written, MODEL) == {1, 2}


def test_rolling_back_the_first_label_returns_to_the_newest_version(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2)
    until(lambda: available(server) == {2})
    release = deployment.release(server)
    release.promote("stable", 1)
    release.rollback("stable")
    assert labelled(server, "stable") == [2]
    with pytest.raises(ReleaseError, match="cannot roll back label stable"):
        release.rollback("stable")
    assert labelled(server, "stable") == [2]


def test_rolling_back_to_a_label_that_was_written_by_hand(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2)
    single = config.single(MODEL, str(deployment.base))
    deployment.file.write(config.changed(single, MODEL, {1}, {"stable": 1}))
    release = deployment.release(deployment.serve(with_file=True))
    release.promote("stable", 2)
    release.rollback("stable")
    assert deployment.said == ["stable      1 -> 2", "stable      2 -> 1"]


def test_repeated_rollbacks_load_nothing(deployment: Deployment, server: ModelServer) -> None:
    deployment.publish(2, 3)
    release = deployment.release(server)
    for number in (1, 2, 3):
        release.promote("stable", number)
    until(lambda: available(server) == {2, 3})
    deployment.shown.clear()
    release.rollback("stable")
    assert labelled(server, "stable") == [2]
    assert deployment.shown == []  # it was loaded
    release.rollback("stable")
    assert labelled(server, "stable") == [1]
    until(lambda: available(server) <= {1, 3})
    release.promote("stable", 3)
    release.rollback("stable")
    assert labelled(server, "stable") == [1]


def test_canary_beside_stable_and_its_removal(deployment: Deployment, server: ModelServer) -> None:
    deployment.publish(2)
    release = deployment.release(server)
    release.promote("stable", 1)
    release.promote("canary", 2)
    assert labelled(server, "stable", "canary") == [1, 2]
    release.clear("canary")
    assert labelled(server, "stable", "canary") == [1, None]
    with pytest.raises(ReleaseError, match="no label canary"):
        release.clear("canary")


def test_a_published_version_waits_for_its_label(
    deployment: Deployment, server: ModelServer
) -> None:
    release = deployment.release(server)
    release.promote("stable", 1)
    deployment.publish(2)
    release.promote("stable", 1)
    assert deployment.said[-1] == "stable      stays 1"
    assert available(server) == {1}


def test_a_version_that_does_not_load_changes_nothing(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2, 3)
    release = deployment.release(server)
    release.promote("stable", 2)
    before = deployment.file.path.read_text()
    loaded = available(server)
    deployment.break_version(3)
    for _ in range(2):  # an old failure is not taken for a new one, nor the other way round
        with pytest.raises(ServerError, match=r"version 3 of half does not load: .*truncated"):
            release.promote("stable", 3)
        assert labelled(server, "stable") == [2]
        assert deployment.file.path.read_text() == before
        until(lambda: available(server) == loaded)
    (deployment.base / "3" / "saved_model.pb").write_bytes(
        (deployment.base / "2" / "saved_model.pb").read_bytes()
    )
    release.promote("stable", 3)
    assert labelled(server, "stable") == [3]


def test_a_failed_first_release_restores_the_servers_flags(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2)
    until(lambda: available(server) == {2})
    deployment.publish(3)
    deployment.break_version(3)
    with pytest.raises(ServerError, match="does not load"):
        deployment.release(server).promote("stable", 3)
    assert deployment.file.read() is None
    deployment.publish(4)
    until(lambda: available(server) == {4})  # the newest is served again


def test_an_interruption_changes_nothing(deployment: Deployment, server: ModelServer) -> None:
    def interrupt(state: str) -> None:
        raise KeyboardInterrupt

    release = deployment.release(server)
    release.promote("stable", 1)
    before = deployment.file.path.read_text()
    deployment.publish(2)
    deployment.interrupt = interrupt
    with pytest.raises(KeyboardInterrupt):
        release.promote("stable", 2)
    assert deployment.file.path.read_text() == before
    assert labelled(server, "stable") == [1]
    until(lambda: available(server) == {1})


def test_a_server_that_disappears_during_a_release(
    deployment: Deployment, server: ModelServer
) -> None:
    release = deployment.release(server)
    release.promote("stable", 1)
    before = deployment.file.path.read_text()
    deployment.publish(2)
    deployment.interrupt = lambda state: deployment._stack.close()
    with pytest.raises((ServerError, ValueError)):
        release.promote("stable", 2)
    assert deployment.file.path.read_text() == before


def test_invalid_requests_are_one_line_errors(deployment: Deployment, server: ModelServer) -> None:
    release = deployment.release(server)
    with pytest.raises(ExportError, match=r"no version 7 in .*half \(present: 1\)"):
        release.promote("stable", 7)
    with pytest.raises(ReleaseError, match="the label must not be empty"):
        release.promote("", 1)
    with pytest.raises(ReleaseError, match="cannot roll back label stable"):
        release.rollback("stable")
    nobody = ModelServer("127.0.0.1:1")
    with pytest.raises(ServerError, match=r"no model server answers at 127\.0\.0\.1:1"):
        deployment.release(nobody).promote("stable", 1)
    assert deployment.file.read() is None
    with (
        deployment.file.locked(),
        pytest.raises(ReleaseError, match=r"another release that uses .* is in progress"),
    ):
        release.promote("stable", 1)
    history = deployment.file.path.with_name("models.config.history.json")
    for damaged in ("{", "[]", '{"half": 3}', '{"half": {"stable": [{"version": "1"}]}}'):
        history.write_text(damaged)
        for act in (lambda: release.promote("stable", 2), lambda: release.rollback("stable")):
            with pytest.raises(ReleaseError, match=r"cannot read .*history\.json"):
                act()
        assert history.read_text() == damaged
    with pytest.raises(ReleaseError, match=r"cannot read .*history\.json"):
        release.promote("stable", 1)
    history.unlink()
    assert deployment.file.read() is None
    deployment.file.path.write_text("model_config_list { nonsense }")
    with pytest.raises(ReleaseError, match=r"cannot read .*nonsense"):
        release.promote("stable", 1)


def test_a_server_of_other_models_is_not_reconfigured(
    deployment: Deployment, server: ModelServer
) -> None:
    elsewhere = deployment.base.parent / "elsewhere" / "cats"
    shutil.copytree(deployment.base, elsewhere)
    release = deployment.release(server)
    release.model, release._repository = "cats", Repository(locate(str(elsewhere)))
    with pytest.raises(
        ReleaseError,
        match=r"does not serve cats, and .*models\.config, which would say .* does not exist",
    ):
        release.promote("stable", 1)
    assert available(server) == {1}


def test_a_new_model_joins_those_that_are_served(
    deployment: Deployment, server: ModelServer
) -> None:
    shutil.copytree(deployment.base, deployment.base.parent / "new")
    (deployment.base.parent / "unserved" / "1").mkdir(parents=True)
    release = deployment.release(server)
    release.model, release._repository = (
        "new",
        Repository(locate(str(deployment.base.parent / "new"))),
    )
    release.promote("stable", 1)
    assert server.version_for_label("new", "stable") == 1
    written = deployment.file.read()
    assert [one.name for one in written.model_config_list.config] == [MODEL, "new"]
    deployment.publish(2)
    until(lambda: available(server) == {2})  # of the other one the newest is served, as before


def test_a_new_model_that_does_not_load_is_not_served(
    deployment: Deployment, server: ModelServer
) -> None:
    new = deployment.base.parent / "new"
    shutil.copytree(deployment.base, new)
    (new / "1" / "saved_model.pb").write_bytes(b"\x08\x01")
    release = deployment.release(server)
    release.model, release._repository = "new", Repository(locate(str(new)))
    with pytest.raises(ServerError, match="truncated"):
        release.promote("stable", 1)
    assert deployment.file.read() is None
    until(lambda: available(server) == {1})
    shutil.rmtree(new)
    deployment.publish(2)
    until(lambda: available(server) == {2})  # it is not in the way of the others either


def test_other_models_in_the_file_are_kept(deployment: Deployment, server: ModelServer) -> None:
    other = config.single("other", str(deployment.base))
    other.model_config_list.config.add(
        name=MODEL, base_path=str(deployment.base), model_platform="tensorflow"
    )
    deployment.file.write(other)
    deployment.release(server).promote("stable", 1)
    assert server.statuses("other")
    written = deployment.file.read()
    assert [one.name for one in written.model_config_list.config] == ["other", MODEL]
    assert config.pinned(written, "other") == set()


def test_an_emptied_file_removes_no_model(deployment: Deployment, server: ModelServer) -> None:
    beside = deployment.base.parent / "other"
    shutil.copytree(deployment.base, beside)
    release = deployment.release(server)
    release.model, release._repository = "other", Repository(locate(str(beside)))
    release.promote("stable", 1)
    deployment.file.path.write_text("")
    release.promote("stable", 1)
    assert available(server) == {1}
    assert server.version_for_label("other", "stable") == 1


def test_a_restarted_server_has_the_labels_of_the_file(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2, 3)
    release = deployment.release(server)
    release.promote("stable", 1)
    release.promote("stable", 2)
    release.promote("canary", 3)
    again = deployment.serve(with_file=True)
    # The ports open with the first version that is loaded.
    until(lambda: labelled(again, "stable", "canary") == [2, 3])
    deployment.release(again).rollback("stable")
    assert labelled(again, "stable", "canary") == [1, 3]


def test_a_release_restores_the_labels_after_a_restart_without_the_file(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2, 3)
    release = deployment.release(server)
    release.promote("stable", 1)
    release.promote("canary", 2)
    again = deployment.serve()
    assert labelled(again, "stable", "canary") == [None, None]
    deployment.release(again).promote("canary", 3)
    assert labelled(again, "stable", "canary") == [1, 3]


def test_a_release_restores_the_labels_of_other_models(
    deployment: Deployment, server: ModelServer
) -> None:
    beside = deployment.base.parent / "other"
    shutil.copytree(deployment.base, beside)
    deployment.release(server).promote("stable", 1)
    release = deployment.release(server)
    release.model, release._repository = "other", Repository(locate(str(beside)))
    release.promote("stable", 1)
    again = deployment.serve()
    deployment.release(again).promote("stable", 1)
    assert labelled(again, "stable") == [1]
    assert again.version_for_label("other", "stable") == 1
    assert config.labels(deployment.file.read(), "other") == {"stable": 1}


def test_a_deleted_labelled_version_does_not_block_a_release(
    deployment: Deployment, server: ModelServer
) -> None:
    deployment.publish(2, 3)
    release = deployment.release(server)
    release.promote("stable", 1)
    release.promote("canary", 2)
    (deployment.base / "2").rename(deployment.base / "away")
    release.promote("stable", 3)
    assert labelled(server, "stable", "canary") == [3, None]
    assert any("canary" in line and "no longer on disk" in line for line in deployment.said)


def test_a_version_that_is_unloaded_just_before_it_is_promoted(
    deployment: Deployment, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server says AVAILABLE, but is about to unload what its configuration does not list."""
    release = deployment.release(server)
    release.promote("stable", 1)
    deployment.publish(2)
    statuses = server.statuses

    def outdated(model: str) -> dict[int, Status]:
        monkeypatch.setattr(server, "statuses", statuses)
        return {1: Status(AVAILABLE), 2: Status(AVAILABLE)}

    monkeypatch.setattr(server, "statuses", outdated)
    release.promote("stable", 2)
    assert labelled(server, "stable") == [2]
