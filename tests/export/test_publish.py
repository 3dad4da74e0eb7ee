"""Publish to a local directory."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from export.errors import DamagedVersion, PublishError
from export.publishing import local, manifest
from export.publishing.location import locate
from export.publishing.publish import publish
from tests.export import versions
from tests.export.versions import FILES, assert_one_line, hidden, make, numbers, run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make(tmp_path / "build" / "1")


def test_every_file_is_published_with_its_checksum(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "models" / "digits"
    assert [publish(str(source), str(target)).number for _ in range(2)] == [1, 2]
    for name, contents in FILES.items():
        assert (target / "2" / name).read_bytes() == contents
    found = manifest.check(locate(str(target / "2")))
    assert found is not None
    assert set(found.files) == set(FILES)
    assert found.size == sum(map(len, FILES.values()))
    assert found.origin == {"name": "digits", "made_from": "digits sha256:12"}
    assert hidden(target) == []


def test_the_command_prints_the_location_without_tensorflow(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "digits"
    code = (
        "import sys\nfrom export.__main__ import main\n"
        f"main(['publish', {str(source)!r}, {str(target)!r}, '--version', '7'])\n"
        "assert 'tensorflow' not in sys.modules"
    )
    done = subprocess.run(
        [versions.command()[0], "-c", code], cwd=versions.ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"published   {target}/7 (4 files" in done.stdout


def test_a_truncated_graph_is_not_published(source: Path, tmp_path: Path) -> None:
    graph = source / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:-1])
    with pytest.raises(PublishError, match=r"is incomplete: saved_model\.pb is truncated"):
        publish(str(source), str(tmp_path / "digits"))


def test_what_has_no_contents_to_copy_is_named(source: Path, tmp_path: Path) -> None:
    odd = source / "assets.extra" / "odd"
    odd.parent.mkdir(exist_ok=True)
    os.mkfifo(odd)
    with pytest.raises(PublishError, match="odd is not a regular file"):
        publish(str(source), str(tmp_path / "digits"))
    odd.unlink()
    odd.symlink_to("nowhere")
    with pytest.raises(PublishError, match="odd is a link to a file that is not there"):
        publish(str(source), str(tmp_path / "digits"))
    odd.unlink()
    (source / "saved_model.pb").write_text("version https://git-lfs.github.com/spec/v1\noid")
    with pytest.raises(PublishError, match=r"saved_model\.pb is a Git LFS pointer; run git lfs"):
        publish(str(source), str(tmp_path / "digits"))
    assert not (tmp_path / "digits").exists()


def test_a_target_that_is_a_pattern_is_refused(source: Path, tmp_path: Path) -> None:
    for target in (str(tmp_path / "a[1]"), "memory://a[1]/digits"):
        with pytest.raises(PublishError, match="in its name; choose another"):
            publish(str(source), target)


def test_a_graph_without_its_variables_is_not_published(source: Path, tmp_path: Path) -> None:
    shutil.rmtree(source / "variables")
    publish(str(source), str(tmp_path / "digits"))  # its weights may be constants
    name, padding = b"VarHandleOp", b"\x0a\xff\xff\x3f" + bytes(0xFFFFF)
    operation = b"\x0a" + bytes([len(name)]) + name
    (source / "saved_model.pb").write_bytes(padding + operation)
    with pytest.raises(PublishError, match="is incomplete: its variables/ are missing"):
        publish(str(source), str(tmp_path / "digits"))


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_changed_file_is_detected(source: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "digits"
    publish(str(source), str(target))
    version, file = locate(str(target / "1")), target / "1" / name
    file.write_bytes(FILES[name][::-1])
    with pytest.raises(DamagedVersion, match=f"{name} has changed since it was published"):
        manifest.check(version)
    manifest.check(version, contents=False)
    file.write_bytes(FILES[name] + b"x")
    with pytest.raises(DamagedVersion, match=rf"{name} has \d+ bytes instead of \d+"):
        manifest.check(version, contents=False)
    file.unlink()
    with pytest.raises(DamagedVersion, match=f"{name} is missing"):
        manifest.check(version, contents=False)


def test_a_damaged_version_is_not_published_again(source: Path, tmp_path: Path) -> None:
    publish(str(source), str(tmp_path / "a"))
    (tmp_path / "a" / "1" / "assets.extra" / "foreign").touch()
    with pytest.raises(DamagedVersion, match="foreign is not in its manifest"):
        publish(str(tmp_path / "a" / "1"), str(tmp_path / "b"))
    assert not (tmp_path / "b").exists()
    (tmp_path / "a" / "1" / manifest.FILE).write_text("{")
    with pytest.raises(DamagedVersion, match="not a readable manifest"):
        publish(str(tmp_path / "a" / "1"), str(tmp_path / "b"))


@pytest.mark.parametrize("missing", [name for name in sorted(FILES) if name[0] in "sv"])
def test_an_incomplete_savedmodel_is_rejected(source: Path, tmp_path: Path, missing: str) -> None:
    (source / missing).unlink()
    assert_one_line(run("publish", source, tmp_path / "digits"), Path(missing).name)
    assert not (tmp_path / "digits").exists()


def test_bad_input_is_a_one_line_error(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "digits" / "3").mkdir(parents=True)
    for arguments, words in (
        ([tmp_path / "nowhere", tmp_path / "digits"], "does not exist"),
        ([source, tmp_path / "file" / "digits"], "cannot write"),
        ([source, tmp_path / "digits", "--version", "3"], "version 3 exists in"),
        ([source, "nosuch://place/digits"], "cannot reach nosuch://place/digits"),
    ):
        assert_one_line(run("publish", *arguments), words)
    assert hidden(tmp_path / "digits") == []


def test_nothing_is_published_into_a_version(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "digits"
    publish(str(source), str(target))
    far = locate(f"memory://{target}/1")
    far.fs.pipe_file(f"{far.path}/saved_model.pb", b"graph")
    for place in (f"{target}/1", str(far)):
        with pytest.raises(PublishError, match="1 is itself a SavedModel; name the directory"):
            publish(str(source), place)
    assert manifest.check(locate(str(target / "1"))) is not None


def test_concurrent_publishers_take_different_numbers(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "digits"
    racing = [
        subprocess.Popen(
            versions.command("publish", source, target),
            cwd=versions.ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [process.communicate(timeout=60)[0] for process in racing]
    assert [process.returncode for process in racing] == [0] * 4
    places = {line.split()[1] for text in said for line in text.splitlines()[-1:]}
    assert places == {f"{target}/{number}" for number in (1, 2, 3, 4)}
    for number in numbers(target):
        versions.assert_whole(target, number)


def test_a_full_disk_leaves_nothing(source: Path, tmp_path: Path) -> None:
    """A file size limit simulates the disk."""
    make(source, {"assets/large": os.urandom(1 << 20)})
    target = tmp_path / "digits"
    done = subprocess.run(
        versions.command("publish", source, target),
        cwd=versions.ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, 1 << 19)),
    )
    assert_one_line(done, f"cannot write {target}: File too large")
    assert numbers(target) == hidden(target) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Path:
    """Return a filesystem with 256 KiB, if one can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, *options], capture_output=True).returncode:
        pytest.skip("no filesystem can be mounted here")
    return disk


def test_a_full_filesystem_leaves_nothing(source: Path, tiny_disk: Path) -> None:
    try:
        publish(str(source), str(tiny_disk / "digits"))
        make(source, {"assets/large": os.urandom(1 << 20)})
        done = run("publish", source, tiny_disk / "digits")
        assert_one_line(done, "No space left on device")
        assert (numbers(tiny_disk / "digits"), hidden(tiny_disk / "digits")) == ([1], [])
        (source / "assets" / "large").unlink()
        assert publish(str(source), str(tiny_disk / "digits")).number == 2
    finally:
        subprocess.run(["umount", str(tiny_disk)], check=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_publishing_leaves_nothing(
    source: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """The test holds the lock, so the command cannot have finished."""
    target = tmp_path / "digits"
    with local.staged(target):
        process = subprocess.Popen(
            versions.command("publish", source, target),
            cwd=versions.ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        assert "waiting for another publisher" in process.stderr.readline()
        process.send_signal(number)
        assert process.communicate(timeout=60)[1] == "python -m export: interrupted\n"
        assert process.returncode == 130
    assert (numbers(target), hidden(target)) == ([1], [])


def test_removing_versions_also_removes_leftovers(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "digits"
    for _ in range(3):
        publish(str(source), str(target))
    (target / ".removed-9").mkdir()
    local.remove(target, ["1", "3"])
    assert (numbers(target), hidden(target)) == ([2], [])
    with pytest.raises(PublishError, match="cannot write"):
        local.remove(target, ["1"])


def test_the_manifest_is_plain_json(source: Path, tmp_path: Path) -> None:
    publish(str(source), str(tmp_path / "digits"))
    fields = json.loads((tmp_path / "digits" / "1" / manifest.FILE).read_text())
    assert fields["schema"] == 1
    assert fields["published_at"].endswith("Z")
    assert set(fields["files"]["saved_model.pb"]) == {"size", "sha256"}


def test_nothing_is_published_among_models_or_from_them(source: Path, tmp_path: Path) -> None:
    far = locate(f"memory://{tmp_path}/models")
    for models in (str(tmp_path / "models"), str(far)):
        publish(str(source), f"{models}/digits")
        with pytest.raises(PublishError, match=r"models: digits; .*models/digits$"):
            publish(str(source), models)
        with pytest.raises(PublishError, match=r"of one of its models: digits$"):
            publish(models, str(tmp_path / "faces"))
        with pytest.raises(PublishError, match=r"did you mean .*models/digits/1\?"):
            publish(f"{models}/digits", str(tmp_path / "faces"))
    assert not (tmp_path / "faces").exists()
    assert far.names() == ["digits"]


def test_what_is_above_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits").mkdir()
    monkeypatch.chdir(tmp_path / "digits")
    assert str(locate(".").parent) == str(locate("../digits/.").parent) == str(tmp_path)
    assert str(locate("../digits").parent) == ".."
    assert locate("/digits").parent.names() == locate("/").names()
    assert str(locate("/digits").parent / "faces") == "/faces"
    assert str(locate("memory://models/digits").parent) == "memory://models"
