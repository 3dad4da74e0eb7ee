"""Labels move, and what goes wrong leaves all as it was."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

import pytest

from export.client import waiting
from export.client.model_server import ModelServer
from export.errors import ExportError, ReleaseError, ServerError
from export.publishing.location import locate
from export.publishing.repository import Repository
from export.release import config
from tests.export.release.conftest import MODEL, Place, available


@pytest.fixture(autouse=True)
def _soon_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_SETTLE_S", 0.5)


def until(true: Callable[[], bool]) -> None:
    """The server unloads in its own time."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def labelled(server: ModelServer, *labels: str) -> list[int | None]:
    return [server.version_for_label(MODEL, label) for label in labels]


def test_the_first_label(place: Place, server: ModelServer) -> None:
    place.publish(2)
    until(lambda: available(server) == {2})
    place.release(server).promote("stable", 1)
    assert labelled(server, "stable", "canary") == [1, None]
    assert available(server) == {1, 2}
    assert place.shown[-1] == "version 1 AVAILABLE"
    assert place.said == ["stable      1"]
    written = place.file.read()
    assert config.labels(written, MODEL) == {"stable": 1}
    assert config.pinned(written, MODEL) == {1, 2}


def test_before_the_first_label_the_newest_answered_so_there_a_rollback_leads(
    place: Place, server: ModelServer
) -> None:
    place.publish(2)
    until(lambda: available(server) == {2})
    release = place.release(server)
    release.promote("stable", 1)
    release.rollback("stable")
    assert labelled(server, "stable") == [2]
    with pytest.raises(ReleaseError, match="cannot roll back label stable"):
        release.rollback("stable")
    assert labelled(server, "stable") == [2]


def test_a_label_that_was_written_by_hand_can_be_gone_back_to(
    place: Place, server: ModelServer
) -> None:
    place.publish(2)
    single = config.single(MODEL, str(place.base))
    place.file.write(config.changed(single, MODEL, {1}, {"stable": 1}))
    release = place.release(place.serve(with_file=True))
    release.promote("stable", 2)
    release.rollback("stable")
    assert place.said == ["stable      1 -> 2", "stable      2 -> 1"]


def test_back_and_back_again_without_a_load(place: Place, server: ModelServer) -> None:
    place.publish(2, 3)
    release = place.release(server)
    for number in (1, 2, 3):
        release.promote("stable", number)
    until(lambda: available(server) == {2, 3})
    place.shown.clear()
    release.rollback("stable")
    assert labelled(server, "stable") == [2]
    assert place.shown == []  # it was loaded
    release.rollback("stable")
    assert labelled(server, "stable") == [1]
    until(lambda: available(server) <= {1, 3})
    release.promote("stable", 3)
    release.rollback("stable")
    assert labelled(server, "stable") == [1]


def test_canary_beside_stable_and_gone_again(place: Place, server: ModelServer) -> None:
    place.publish(2)
    release = place.release(server)
    release.promote("stable", 1)
    release.promote("canary", 2)
    assert labelled(server, "stable", "canary") == [1, 2]
    release.clear("canary")
    assert labelled(server, "stable", "canary") == [1, None]
    with pytest.raises(ReleaseError, match="no label canary"):
        release.clear("canary")


def test_a_published_version_waits_for_its_label(place: Place, server: ModelServer) -> None:
    release = place.release(server)
    release.promote("stable", 1)
    place.publish(2)
    release.promote("stable", 1)
    assert place.said[-1] == "stable      stays 1"
    assert available(server) == {1}


def test_a_version_that_does_not_load_changes_nothing(place: Place, server: ModelServer) -> None:
    place.publish(2, 3)
    release = place.release(server)
    release.promote("stable", 2)
    before = place.file.path.read_text()
    loaded = available(server)
    place.break_version(3)
    for _ in range(2):  # an old failure is not taken for a new one, nor the other way round
        with pytest.raises(ServerError, match=r"version 3 of half does not load: .*cut short"):
            release.promote("stable", 3)
        assert labelled(server, "stable") == [2]
        assert place.file.path.read_text() == before
        until(lambda: available(server) == loaded)
    (place.base / "3" / "saved_model.pb").write_bytes(
        (place.base / "2" / "saved_model.pb").read_bytes()
    )
    release.promote("stable", 3)
    assert labelled(server, "stable") == [3]


def test_a_failed_first_release_leaves_the_server_with_its_flags(
    place: Place, server: ModelServer
) -> None:
    place.publish(2)
    until(lambda: available(server) == {2})
    place.publish(3)
    place.break_version(3)
    with pytest.raises(ServerError, match="does not load"):
        place.release(server).promote("stable", 3)
    assert place.file.read() is None
    place.publish(4)
    until(lambda: available(server) == {4})  # the newest is served again


def test_an_interruption_changes_nothing(place: Place, server: ModelServer) -> None:
    def interrupt(state: str) -> None:
        raise KeyboardInterrupt

    release = place.release(server)
    release.promote("stable", 1)
    before = place.file.path.read_text()
    place.publish(2)
    place.interrupt = interrupt
    with pytest.raises(KeyboardInterrupt):
        release.promote("stable", 2)
    assert place.file.path.read_text() == before
    assert labelled(server, "stable") == [1]
    until(lambda: available(server) == {1})


def test_a_server_that_goes_away_in_the_middle(place: Place, server: ModelServer) -> None:
    release = place.release(server)
    release.promote("stable", 1)
    before = place.file.path.read_text()
    place.publish(2)
    place.interrupt = lambda state: place._stack.close()
    with pytest.raises((ServerError, ValueError)):
        release.promote("stable", 2)
    assert place.file.path.read_text() == before


def test_what_cannot_be_is_one_clear_line(place: Place, server: ModelServer) -> None:
    release = place.release(server)
    with pytest.raises(ExportError, match=r"no version 7 in .*half \(present: 1\)"):
        release.promote("stable", 7)
    with pytest.raises(ReleaseError, match="the label must not be empty"):
        release.promote("", 1)
    with pytest.raises(ReleaseError, match="cannot roll back label stable"):
        release.rollback("stable")
    nobody = ModelServer("127.0.0.1:1")
    with pytest.raises(ServerError, match=r"no model server answers at 127\.0\.0\.1:1"):
        place.release(nobody).promote("stable", 1)
    assert place.file.read() is None
    with (
        place.file.locked(),
        pytest.raises(ReleaseError, match=r"another release that uses .* is in progress"),
    ):
        release.promote("stable", 1)
    history = place.file.path.with_name("models.config.history.json")
    for damaged in ("{", "[]", '{"half": 3}', '{"half": {"stable": [{"version": "1"}]}}'):
        history.write_text(damaged)
        for act in (lambda: release.promote("stable", 2), lambda: release.rollback("stable")):
            with pytest.raises(ReleaseError, match=r"cannot read .*history\.json"):
                act()
        assert history.read_text() == damaged
    with pytest.raises(ReleaseError, match=r"cannot read .*history\.json"):
        release.promote("stable", 1)
    history.unlink()
    assert place.file.read() is None
    place.file.path.write_text("model_config_list { nonsense }")
    with pytest.raises(ReleaseError, match=r"cannot read .*nonsense"):
        release.promote("stable", 1)


def test_a_server_of_other_models_is_not_taken_over(place: Place, server: ModelServer) -> None:
    elsewhere = place.base.parent / "elsewhere" / "cats"
    shutil.copytree(place.base, elsewhere)
    release = place.release(server)
    release.model, release._repository = "cats", Repository(locate(str(elsewhere)))
    with pytest.raises(
        ReleaseError,
        match=r"does not serve cats, and .*models\.config, which would say .* does not exist",
    ):
        release.promote("stable", 1)
    assert available(server) == {1}


def test_a_new_model_beside_those_that_are_served(place: Place, server: ModelServer) -> None:
    shutil.copytree(place.base, place.base.parent / "new")
    (place.base.parent / "unserved" / "1").mkdir(parents=True)
    release = place.release(server)
    release.model, release._repository = "new", Repository(locate(str(place.base.parent / "new")))
    release.promote("stable", 1)
    assert server.version_for_label("new", "stable") == 1
    written = place.file.read()
    assert [one.name for one in written.model_config_list.config] == [MODEL, "new"]
    place.publish(2)
    until(lambda: available(server) == {2})  # of the other one the newest is served, as before


def test_a_new_model_that_does_not_load_is_not_served(place: Place, server: ModelServer) -> None:
    new = place.base.parent / "new"
    shutil.copytree(place.base, new)
    (new / "1" / "saved_model.pb").write_bytes(b"\x08\x01")
    release = place.release(server)
    release.model, release._repository = "new", Repository(locate(str(new)))
    with pytest.raises(ServerError, match="cut short"):
        release.promote("stable", 1)
    assert place.file.read() is None
    until(lambda: available(server) == {1})
    shutil.rmtree(new)
    place.publish(2)
    until(lambda: available(server) == {2})  # it is not in the way of the others either


def test_other_models_of_the_file_stay(place: Place, server: ModelServer) -> None:
    other = config.single("other", str(place.base))
    other.model_config_list.config.add(
        name=MODEL, base_path=str(place.base), model_platform="tensorflow"
    )
    place.file.write(other)
    place.release(server).promote("stable", 1)
    assert server.statuses("other")
    written = place.file.read()
    assert [one.name for one in written.model_config_list.config] == ["other", MODEL]
    assert config.pinned(written, "other") == set()


def test_an_emptied_file_takes_no_model_away(place: Place, server: ModelServer) -> None:
    beside = place.base.parent / "other"
    shutil.copytree(place.base, beside)
    release = place.release(server)
    release.model, release._repository = "other", Repository(locate(str(beside)))
    release.promote("stable", 1)
    place.file.path.write_text("")
    release.promote("stable", 1)
    assert available(server) == {1}
    assert server.version_for_label("other", "stable") == 1


def test_a_restarted_server_has_the_labels_of_the_file(place: Place, server: ModelServer) -> None:
    place.publish(2, 3)
    release = place.release(server)
    release.promote("stable", 1)
    release.promote("stable", 2)
    release.promote("canary", 3)
    again = place.serve(with_file=True)
    # The ports open with the first version that is loaded.
    until(lambda: labelled(again, "stable", "canary") == [2, 3])
    place.release(again).rollback("stable")
    assert labelled(again, "stable", "canary") == [1, 3]


def test_a_server_restarted_without_the_file_gets_all_of_it_with_the_next_release(
    place: Place, server: ModelServer
) -> None:
    place.publish(2, 3)
    release = place.release(server)
    release.promote("stable", 1)
    release.promote("canary", 2)
    again = place.serve()
    assert labelled(again, "stable", "canary") == [None, None]
    place.release(again).promote("canary", 3)
    assert labelled(again, "stable", "canary") == [1, 3]


def test_so_do_other_models_with_labels(place: Place, server: ModelServer) -> None:
    beside = place.base.parent / "other"
    shutil.copytree(place.base, beside)
    place.release(server).promote("stable", 1)
    release = place.release(server)
    release.model, release._repository = "other", Repository(locate(str(beside)))
    release.promote("stable", 1)
    again = place.serve()
    place.release(again).promote("stable", 1)
    assert labelled(again, "stable") == [1]
    assert again.version_for_label("other", "stable") == 1
    assert config.labels(place.file.read(), "other") == {"stable": 1}


def test_a_labelled_version_that_left_the_disk_is_no_hindrance(
    place: Place, server: ModelServer
) -> None:
    place.publish(2, 3)
    release = place.release(server)
    release.promote("stable", 1)
    release.promote("canary", 2)
    (place.base / "2").rename(place.base / "away")
    release.promote("stable", 3)
    assert labelled(server, "stable", "canary") == [3, None]
    assert any("canary" in line and "no longer on disk" in line for line in place.said)
