"""Versions on disk: published, switched under load, half copied, broken, deleted."""

from __future__ import annotations

import os
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from modelserver.execution import completeness
from modelserver.status import ServingError
from tests.modelserver import exported, exported_v1
from tests.modelserver.client import Client, floats, predict_request, refused, spec
from tests.modelserver.conftest import Serve

X = floats(0)


@pytest.fixture(scope="session")
def offsets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 1 to 3 of a model that answers 0 with its version."""
    folder = tmp_path_factory.mktemp("offsets")
    for version in (1, 2, 3):
        exported.half_plus(folder / str(version), offset=float(version))
    return folder


def publish(offsets: Path, version: int, base: Path, name: str = "") -> Path:
    """Make a version appear all at once."""
    base.mkdir(exist_ok=True)
    hidden = base / f".{version}"
    shutil.copytree(offsets / str(version), hidden)
    final = base / (name or str(version))
    hidden.rename(final)
    return final


def answer(client: Client, model: object = "default") -> float:
    return float(client.predict(model, {"x": X})["y"][0])


def test_the_highest_version_is_served(serve: Serve, offsets: Path) -> None:
    client = serve(model_base_path=offsets)
    assert answer(client) == 3.0
    assert client.states("default") == [(3, "AVAILABLE")]
    with refused() as error:
        answer(client, spec("default", 2))
    assert error.message == "Servable not found for request: Specific(default, 2)"


def test_folders_that_are_not_versions_are_ignored(
    serve: Serve, offsets: Path, tmp_path: Path
) -> None:
    publish(offsets, 1, tmp_path, name="00000123")
    for other in ("latest", "124x", "1_0", "-", "99999999999999999999", "9" * 200):
        (tmp_path / other).mkdir()
    publish(offsets, 2, tmp_path, name="-5")  # a number, but not the latest
    (tmp_path / "200").write_text("a file")
    client = serve(model_base_path=tmp_path)
    assert client.states("default") == [(123, "AVAILABLE")]


def test_a_new_version_takes_over_without_a_failed_call(
    serve: Serve, offsets: Path, tmp_path: Path
) -> None:
    publish(offsets, 1, tmp_path)
    client = serve(model_base_path=tmp_path)
    stop = threading.Event()

    def call() -> list[float]:
        answers = []
        while not stop.is_set():
            answers.append(answer(client))
        return answers

    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(call) for _ in range(8)]
        publish(offsets, 2, tmp_path)
        client.wait_for("default", v1="END", v2="AVAILABLE")
        publish(offsets, 3, tmp_path)
        client.wait_for("default", v2="END", v3="AVAILABLE")
        stop.set()
        for done in calls:
            answers = done.result()
            assert answers == sorted(answers)
            assert set(answers) <= {1.0, 2.0, 3.0}
    assert client.states("default") == [(3, "AVAILABLE"), (2, "END"), (1, "END")]
    assert answer(client) == 3.0


def test_a_version_is_unloaded_only_after_its_last_call(
    serve: Serve, offsets: Path, models: Path, tmp_path: Path
) -> None:
    shutil.copytree(models / "slow" / "1", tmp_path / "1")
    client = serve(model_base_path=tmp_path)
    with ThreadPoolExecutor(1) as pool:
        long_call = pool.submit(
            client.send, predict_request("default", {"n": np.array(10**9)}), 6.0
        )
        client.wait_for_call("default")
        publish(offsets, 2, tmp_path)
        client.wait_for("default", v1="UNLOADING", v2="AVAILABLE")
        assert answer(client) == 2.0, "new calls go to the new version"
        with refused() as error:
            long_call.result()
    assert error.code == "DEADLINE_EXCEEDED", "not CANCELLED by closing its session"
    client.wait_for("default", v1="END")


def test_deleting_a_version_falls_back_to_the_previous_one(
    serve: Serve, offsets: Path, tmp_path: Path
) -> None:
    publish(offsets, 1, tmp_path)
    publish(offsets, 2, tmp_path)
    client = serve(model_base_path=tmp_path)
    assert answer(client) == 2.0
    shutil.rmtree(tmp_path / "2")
    client.wait_for("default", v1="AVAILABLE", v2="END")
    assert answer(client) == 1.0
    publish(offsets, 2, tmp_path)
    client.wait_for("default", v1="END", v2="AVAILABLE")


def test_an_emptied_base_path_unloads_the_model(
    serve: Serve, offsets: Path, tmp_path: Path
) -> None:
    path = publish(offsets, 1, tmp_path)
    client = serve(model_base_path=tmp_path)
    shutil.rmtree(path)
    client.wait_for("default", v1="END")
    with refused() as error:
        answer(client)
    assert error.message == "Servable not found for request: Latest(default)"
    publish(offsets, 1, tmp_path)
    client.wait_for("default", v1="AVAILABLE")
    assert answer(client) == 1.0


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("saved_model.pb", "incomplete: saved_model.pb is missing"),
        ("variables", "incomplete: variables/variables.index is missing"),
        (
            "variables/variables.data-00000-of-00001",
            "incomplete: variables/variables.data-00000-of-00001 is missing",
        ),
    ],
)
def test_an_incomplete_version_is_not_served_and_heals(
    serve: Serve, offsets: Path, tmp_path: Path, missing: str, message: str
) -> None:
    publish(offsets, 1, tmp_path)
    client = serve(model_base_path=tmp_path)
    held_back = tmp_path / "held_back"
    whole = shutil.copytree(offsets / "2", tmp_path / ".2")
    os.rename(whole / missing, held_back)
    os.rename(whole, tmp_path / "2")
    client.wait_for("default", v2="END")
    status = client.status(spec("default", 2))[0].status
    assert status.error_code != 0
    assert status.error_message == message
    assert answer(client) == 1.0
    os.rename(held_back, tmp_path / "2" / missing)
    client.wait_for("default", v1="END", v2="AVAILABLE")
    assert answer(client) == 2.0
    assert client.status(spec("default", 2))[0].status.error_code == 0


@pytest.mark.parametrize(
    "name",
    ["saved_model.pb", "variables/variables.data-00000-of-00001", "variables/variables.index"],
)
def test_a_file_cut_short_is_incomplete(
    serve: Serve, offsets: Path, tmp_path: Path, name: str
) -> None:
    publish(offsets, 1, tmp_path)
    client = serve(model_base_path=tmp_path)
    whole = (offsets / "2" / name).read_bytes()
    shutil.copytree(offsets / "2", tmp_path / ".2")
    (tmp_path / ".2" / name).write_bytes(whole[: len(whole) // 2])
    os.rename(tmp_path / ".2", tmp_path / "2")
    client.wait_for("default", v2="END")
    assert client.status(spec("default", 2))[0].status.error_message.startswith("incomplete: ")
    assert answer(client) == 1.0
    (tmp_path / "2" / name).write_bytes(whole)
    client.wait_for("default", v2="AVAILABLE")


def test_an_incomplete_version_is_skipped_at_startup(
    serve: Serve, offsets: Path, tmp_path: Path
) -> None:
    publish(offsets, 1, tmp_path)
    (tmp_path / "7").mkdir()
    client = serve(model_base_path=tmp_path)
    assert answer(client) == 1.0
    assert client.states("default") == [(7, "END"), (1, "AVAILABLE")]


def test_a_version_that_cannot_run_is_not_announced(
    serve: Serve, offsets: Path, tmp_path: Path
) -> None:
    publish(offsets, 1, tmp_path)
    client = serve(model_base_path=tmp_path)
    exported_v1.vocabulary(tmp_path / "new" / ".2", initialize=False)
    (tmp_path / "new" / ".2").rename(tmp_path / "2")
    client.wait_for("default", v2="END")
    assert client.states("default") == [(2, "END"), (1, "AVAILABLE")]
    message = client.status(spec("default", 2))[0].status.error_message
    assert message.startswith("serving_default cannot run: ")
    assert answer(client) == 1.0


def test_a_base_path_that_disappears_changes_nothing(
    serve: Serve, offsets: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    publish(offsets, 1, base)
    client = serve(model_base_path=base)
    os.rename(base, tmp_path / "away")
    client.wait_for_looks()
    assert answer(client) == 1.0
    os.rename(tmp_path / "away", base)
    publish(offsets, 2, base)
    client.wait_for("default", v2="AVAILABLE")


def test_policies_of_a_config_file(serve: Serve, offsets: Path, tmp_path: Path) -> None:
    entry = 'config {{ name: "{0}" base_path: "{1}" model_platform: "tensorflow" {2} }}'
    latest_two = "model_version_policy { latest { num_versions: 2 } }"
    one_and_three = "model_version_policy { specific { versions: 1 versions: 3 } }"
    file = tmp_path / "models.config"
    file.write_text(
        "model_config_list {"
        + entry.format("two", offsets, latest_two)
        + entry.format("all", offsets, "model_version_policy { all {} }")
        + entry.format("some", offsets, one_and_three)
        + "}"
    )
    client = serve(model_config_file=file)
    client.wait_for("two", v3="AVAILABLE", v2="AVAILABLE")
    client.wait_for("all", v3="AVAILABLE", v2="AVAILABLE", v1="AVAILABLE")
    client.wait_for("some", v3="AVAILABLE", v1="AVAILABLE")
    assert [answer(client, spec("all", version)) for version in (1, 2, 3)] == [1.0, 2.0, 3.0]
    assert [version for version, _ in client.states("some")] == [3, 1]


def test_labels_of_a_config_file(serve: Serve, offsets: Path, tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text(
        f'model_config_list {{ config {{ name: "m" base_path: "{offsets}" '
        'model_platform: "tensorflow" model_version_policy { all {} } '
        'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 3 } } }'
    )
    permitted = r"models\.config: .* label to version .*; --allow_version_labels_for_unavailable"
    with pytest.raises(ServingError, match=permitted):
        serve(model_config_file=file)
    client = serve(model_config_file=file, allow_version_labels_for_unavailable_models=True)
    client.wait_for("m", v1="AVAILABLE", v3="AVAILABLE")
    assert answer(client, spec("m", label="stable")) == 1.0
    assert answer(client, spec("m", label="canary")) == 3.0
    response = client.send(predict_request(spec("m", label="stable"), {"x": X}))
    assert response.model_spec.version.value == 1, "the actual version, not the label"


def test_nothing_to_serve_ends_the_start(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="contains no version") as caught:
        serve(model_base_path=tmp_path, model_name="digits")
    assert "framewire export savedmodel" in caught.value.message
    with pytest.raises(ServingError, match="none: No such file or directory"):
        serve(model_base_path=tmp_path / "none")


def test_a_version_in_place_of_its_model_ends_the_start(serve: Serve, offsets: Path) -> None:
    meant = re.escape(f"it is a version itself: name the model's directory, {offsets}")
    with pytest.raises(ServingError, match=f"{meant}$"):
        serve(model_base_path=f"{offsets / '1'}/", model_name="digits")


def test_a_broken_version_ends_the_start(serve: Serve, offsets: Path, tmp_path: Path) -> None:
    with pytest.raises(ServingError, match=r"default version 3: .*tags"):
        serve(model_base_path=offsets, saved_model_tags="gpu")


def test_a_graph_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").mkdir()
    with pytest.raises(ServingError, match=r"cannot read .*saved_model\.pb: Is a directory"):
        completeness.check(str(tmp_path), ["serve"])
