"""The release commands on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from export.__main__ import main
from export.client.model_server import ModelServer
from export.publishing.publish import publish
from export.release.trial import Trial, TrialFile
from tests.export.release.conftest import MODEL, Deployment
from tests.export.versions import assert_one_line, make, run


def target(deployment: Deployment, server: ModelServer) -> list[str]:
    return ["--base-path", str(deployment.base), "--server", server.address]


def test_from_publish_to_rollback(
    deployment: Deployment, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    where = target(deployment, server)
    assert main(["publish", str(deployment.base / "1"), str(deployment.base)]) == 0
    assert main(["promote", "1", *where]) == 0
    assert main(["promote", "2", *where]) == 0
    assert main(["canary", "1", *where]) == 0
    capsys.readouterr()
    assert main(["list", "--json", "--check", *where]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["version"] for row in listed] == [2, 1]
    assert [row["labels"] for row in listed] == [["stable"], ["canary"]]
    assert [row["state"] for row in listed] == ["AVAILABLE", "AVAILABLE"]
    assert [row["checked"] for row in listed] == ["whole", "no checksums"]
    assert main(["canary", "--stop", *where]) == 0
    assert main(["rollback", *where]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "canary      1 -> none",
        "stable      2 -> 1",
    ]
    assert main(["prune", "--keep", "1", *where]) == 0
    assert main(["list", str(deployment.base), "--server", server.address]) == 0
    shown = capsys.readouterr().out
    assert "version  state" in shown
    assert "stable" in shown


def test_list_reports_labels_that_differ(
    deployment: Deployment, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.release(server).promote("stable", 1)
    again = deployment.serve()
    assert main(["list", *target(deployment, again)]) == 1
    told = capsys.readouterr()
    assert "label stable points to no version on the model server" in told.err
    assert "AVAILABLE" in told.out


def test_list_shows_the_disk_without_a_server(tmp_path: Path) -> None:
    publish(str(make(tmp_path / "build")), str(tmp_path / "digits"))
    nobody = ["--base-path", tmp_path / "digits", "--server", "127.0.0.1:1"]
    done = run("list", *nobody)
    assert_one_line(done, "no model server answers at 127.0.0.1:1: Connection refused")
    assert "digits sha256:12" in done.stdout
    (tmp_path / "digits" / "1" / "saved_model.pb").write_bytes(b"other")
    assert_one_line(run("list", "--offline", "--check", *nobody), "saved_model.pb has 5 bytes")
    for command in (["promote", "1"], ["canary", "1"], ["rollback"], ["prune", "--keep", "1"]):
        assert_one_line(run(*command, *nobody), "no model server answers")


def test_list_names_the_models_in_the_directory_of_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("digits", "faces"):
        publish(str(make(tmp_path / "build" / name)), str(tmp_path / "models" / name))
    (tmp_path / "models" / "models.config").touch()
    (tmp_path / "models" / "unfinished").mkdir()
    models = tmp_path / "models"
    assert main(["list", str(models), "--offline"]) == 0
    words = f"there are no versions in {models}, but models: digits, faces; pass one, such as "
    assert capsys.readouterr().out == f"{words}{models}/digits\n"
    assert main(["list", f"{models}/digits/", "--offline"]) == 0
    assert "digits sha256:12" in capsys.readouterr().out
    assert main(["list", str(models / "unfinished"), "--offline"]) == 0
    assert capsys.readouterr().out == f"there are no versions in {models / 'unfinished'}\n"
    assert main(["list", str(models / "digits" / "1"), "--offline"]) == 0
    words = (
        f"{models}/digits/1 is itself a SavedModel; name the directory above it, {models}/digits"
    )
    assert capsys.readouterr().out == f"{words}\n"
    assert main(["list", str(models / "cats"), "--offline"]) == 0
    assert capsys.readouterr().out.endswith("/cats: there is no such directory\n")


@pytest.mark.parametrize(
    "command",
    [
        ["promote", "1"],
        ["rollback"],
        ["canary", "1"],
        ["canary", "--stop"],
        ["canary", "1", "--auto", "--gateway", "http://127.0.0.1:1"],
        ["prune", "--keep", "1"],
    ],
)
def test_commands_for_one_model_name_those_in_the_directory_of_all(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    for name in ("digits", "faces"):
        publish(str(make(tmp_path / "build" / name)), str(models / name))
    before = sorted(tmp_path.rglob("*"))
    words = f"there are no versions in {models}, but models: digits, faces; pass one, such as "
    for model, one in (([], "digits"), (["--model", "faces"], "faces")):
        assert main([*command, "--base-path", str(models), *model]) == 1
        assert capsys.readouterr().err.endswith(f"{words}{models}/{one}\n")
    assert main([*command, "--base-path", str(models / "faces" / "1")]) == 1
    assert f"name the directory above it, {models}/faces\n" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_model_whose_directory_is_not_there(
    deployment: Deployment, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(deployment.base.with_name("nowhere"))
    there = ["--model", MODEL, "--base-path", nowhere, "--server", server.address]
    assert main(["promote", "1", *there]) == 1
    assert f"{nowhere} (there is no such directory)" in capsys.readouterr().err
    assert main(["prune", "--keep", "1", *there]) == 0
    assert capsys.readouterr().out == f"there are no versions in {nowhere}\n"
    assert not Path(nowhere).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["promote", "x"],
        ["promote", "-1"],
        ["promote"],
        ["canary", "2", "--auto", "--steps", "25,5"],
        ["canary", "2", "--auto", "--steps", "5,x"],
        ["prune"],
        ["prune", "--keep", "0"],
        ["list", "--server", "nowhere"],
        ["verify", "models/digits/1", "--server", "127.0.0.1:grpc"],
        ["savedmodel", "--from=model.keras", "--size=40000x40000"],
    ],
)
def test_invalid_arguments_are_rejected(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_no_tensorflow_is_imported(deployment: Deployment, server: ModelServer) -> None:
    arguments = ["promote", "1", *target(deployment, server)]
    code = (
        "import sys\nfrom export.__main__ import main\n"
        f"status = main({arguments!r})\n"
        "assert 'tensorflow' not in sys.modules\nsys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert server.version_for_label(MODEL, "stable") == 1


def test_what_an_automatic_canary_needs(
    deployment: Deployment, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    where = target(deployment, server)
    for arguments, words in [
        (["2"], "--auto needs a version, and --gateway"),
        (["--stop", "--gateway", "a"], "--auto needs a version"),
        (["2", "--gateway", "127.0.0.1:1"], "has no label stable"),
    ]:
        assert main(["canary", "--auto", *arguments, *where]) == 1
        assert words in capsys.readouterr().err


def test_a_canary_under_way_is_stopped_with_all_of_its_labels(
    deployment: Deployment, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    where = target(deployment, server)
    deployment.publish(2)
    labels = deployment.release(server)
    for label, version in (("stable", 1), ("canary", 2), ("canary-25", 2)):
        labels.promote(label, version)
    file = TrialFile(deployment.file.path)
    file.write(MODEL, Trial(2, 1, "stable", (25, 50), step=1))
    automatic = ["--auto", "--gateway", "127.0.0.1:1"]
    assert main(["canary", "1", *automatic, *where]) == 1
    assert "version 2 is the canary of half" in capsys.readouterr().err
    assert main(["canary", "2", *automatic, *where]) == 1
    assert "no metrics at http://127.0.0.1:1/metrics" in capsys.readouterr().err
    assert main(["canary", "--stop", *where]) == 0
    assert labels.current() == {"stable": 1}
    assert file.read(MODEL) is None
    assert main(["canary", "1", *automatic, *where]) == 1
    assert "label stable points to version 1 already" in capsys.readouterr().err
    assert main(["canary", "--stop", *where]) == 1
    assert "model half has no label canary" in capsys.readouterr().err
