"""``verify``: the checks of a version, also through a real model server, and its report."""

from __future__ import annotations

import io
import json
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from export.__main__ import main
from export.client.model_server import AVAILABLE, ModelServer
from export.serving import warmup
from export.verification import golden, report
from export.verification.checks import summarize
from export.verification.comparison import Agreement
from framewire.recording import RecordedFrame, RecordedSession
from framewire.recording.files import RecordingFile
from loadtest.stack import free_port
from tests.export import trained_models
from tests.forked import ForkedProcess

WARM_UP = (1, 2, 4, 8, 16)


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small version made from a Keras file, which is quick to check."""
    folder = tmp_path_factory.mktemp("colours")
    model = trained_models.trained_colours()
    model.save(folder / "colours.keras")
    labels = folder / "labels.txt"
    labels.write_text("red\ngreen\nblue\n")
    options = [f"--from={folder / 'colours.keras'}", f"--labels={labels}", "--scale=none"]
    target = folder / "colours"
    assert main(["savedmodel", *options, f"--output={target}", "--verify=quick"]) == 0
    return target / "1"


@pytest.fixture
def copy(colours: Path, tmp_path: Path) -> Path:
    """Return a copy that a test can damage."""
    return Path(shutil.copytree(colours, tmp_path / "colours" / "1"))


def test_a_version_is_loaded_and_measured(
    colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, plot = tmp_path / "report.json", tmp_path / "plot.png"
    assert main(["verify", str(colours), f"--report-json={told}", f"--plot={plot}"]) == 0
    found = json.loads(told.read_text())
    assert found["version"] == "colours/1"
    assert found["passed"]
    assert all(check["passed"] for check in found["checks"])
    names = [check["name"] for check in found["checks"]]
    assert names == ["values", "contract", "golden", "load", "served", "served, pixels"]
    assert found["size_bytes"] == report.size_of(colours)
    assert 0 < found["load_s"] < 60
    assert [speed["batch"] for speed in found["speeds"]] == [1, 2, 4, 8, 16]
    for speed in found["speeds"]:
        assert 0 < speed["p50_ms"] <= speed["p95_ms"]
        assert speed["images_per_s"] > 0
    assert Image.open(plot).size > (800, 300)
    shown = capsys.readouterr().out
    assert "batches of 1-16" in shown
    assert "images/s" in shown


def test_the_first_report_is_stored_in_the_version(colours: Path) -> None:
    made = json.loads((colours / report.FILE).read_text())
    assert made["passed"]
    variables = next(check for check in made["checks"] if check["name"] == "variables")
    assert variables["found"].startswith("2 restored")


@pytest.fixture(scope="module")
def address(colours: Path) -> Iterator[str]:
    """Yield the address of a model server that already serves the version."""
    port = free_port()
    server = ForkedProcess(
        "modelserver",
        f"--port={port}",
        "--model_name=colours",
        f"--model_base_path={colours.parent}",
    )
    server.start()
    yield f"127.0.0.1:{port}"
    server.terminate()


def test_a_running_server_can_be_verified(
    colours: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(colours), f"--server={address}", "--max-batch=2"]) == 0
    shown = capsys.readouterr().out
    assert f"load at {address}: version 1 of colours is available" in shown
    assert f"served at {address}: " in shown


def test_a_server_without_the_version(
    colours: Path, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(colours, tmp_path / "colours" / "7")
    assert main(["verify", str(other), f"--server={address}", "--wait=1"]) == 1
    error = capsys.readouterr().err
    assert error == (
        f"python -m export: version 7 of colours is still unknown after 1 s on the model server at "
        f"{address}\n"
    )


def test_an_unreachable_server(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    began = time.monotonic()
    assert main(["verify", str(colours), f"--server={nowhere}", "--wait=0.5"]) == 1
    assert time.monotonic() - began < 10
    assert capsys.readouterr().err == f"python -m export: no model server answers at {nowhere}\n"


PROXIES = ("http_proxy", "https_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy")


@pytest.mark.parametrize("variable", PROXIES)
def test_a_proxy_in_the_environment_is_ignored(
    address: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gRPC itself would send even calls to 127.0.0.1 through some of them."""
    monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port()}")
    with ModelServer(address) as server:
        server.wait_until_reachable(5)
        assert server.statuses("colours")[1].state == AVAILABLE


def test_verify_and_list_ignore_a_proxy(
    colours: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    where = [f"--server={address}", "--model=colours"]
    assert main(["verify", str(colours), *where, "--wait=5", "--max-batch=1"]) == 0
    assert main(["list", str(colours.parent), *where]) == 0


GOLDEN = golden.Golden([b""] * 16, [{"detection_scores": np.zeros(3, np.float32)}])


@pytest.mark.parametrize(
    ("agreement", "start", "end"),
    [
        (Agreement(30, 7, 1e-4), "7 boxes in 16 images, batches of 1-2, 16: 1.0e-04 off", "1e-03)"),
        (
            Agreement(30, 0, 1e-4),
            "best scores of 16 images, ",
            "(use --pictures with typical images)",
        ),
    ],
)
def test_the_report_says_what_was_compared(agreement: Agreement, start: str, end: str) -> None:
    text = summarize(agreement, GOLDEN, (1, 2, 16))
    assert text.startswith(start)
    assert text.endswith(end)


def failure(version: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["verify", str(version), *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("python -m export: ")
    assert error.count("\n") == 1
    return error


def test_other_weights_are_detected(
    copy: Path, colours: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = golden.load(copy)
    assert found is not None
    rows = [{name: value + 0.01 for name, value in row.items()} for row in found.rows]
    golden.Golden(found.images, rows).save(copy)
    assert "probabilities differs from the source's by 0.01" in failure(copy, capsys, "--quick")


def test_the_error_of_a_model_server_is_shown(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / warmup.FILE).write_bytes(b"no record" * 10)
    assert "the model server cannot load it: " in failure(copy, capsys)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("variables/variables.index", "cannot be loaded: "),
        (golden.FILE, f"has no {golden.FILE}: it was not made by"),
        ("saved_model.pb", "there is no version at "),
    ],
)
def test_missing_files(
    copy: Path, capsys: pytest.CaptureFixture[str], file: str, message: str
) -> None:
    (copy / file).unlink()
    assert message in failure(copy, capsys, "--quick")


def test_the_directory_of_a_model_or_of_all_instead_of_a_version(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = copy.parent
    assert f"at {model}; did you mean {copy}?" in failure(model, capsys)
    every = model.parent
    assert f"at {every}; pass a version of one of its models: {model.name}" in failure(
        every, capsys
    )
    assert "nothing, which does not exist" in failure(every / "nothing", capsys)


def test_an_unwritable_report(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = copy / "nowhere" / "report.json"
    error = failure(copy, capsys, "--quick", f"--report-json={nowhere}")
    assert f"cannot write {nowhere}: No such file" in error
    full = copy / "full.json"
    full.symlink_to("/dev/full")
    assert "No space left" in failure(copy, capsys, "--quick", f"--report-json={full}")
    assert full.is_symlink()


def test_nan_weights_are_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = trained_models.colours()
    model.get_layer("head").set_weights([np.full([3, 3], np.nan), np.zeros(3)])
    model.save(tmp_path / "broken.keras")
    options = [f"--from={tmp_path / 'broken.keras'}", "--scale=none", "--verify=quick"]
    assert main(["savedmodel", *options, f"--output={tmp_path / 'm'}"]) == 1
    assert "variables with NaN or infinity: head/kernel" in capsys.readouterr().err
    assert not (tmp_path / "m" / "1").exists()


def test_warm_up_covers_every_batch_size_with_real_images(colours: Path) -> None:
    sizes: dict[str, list[int]] = {"serving_default": [], "serving_pixels": []}
    for record in tf.data.TFRecordDataset(str(colours / warmup.FILE)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        sent = request.inputs["image"]
        sizes[request.model_spec.signature_name].append(sent.tensor_shape.dim[0].size)
        for picture in sent.string_val:
            Image.open(io.BytesIO(picture)).verify()
    assert sizes == {"serving_default": [*WARM_UP], "serving_pixels": [*WARM_UP]}
    assert (colours / warmup.FILE).stat().st_size < 2**20


def test_golden_images_can_be_provided(tmp_path: Path, colours: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in (("a.jpg", "red"), ("b.png", "blue")):
        Image.new("RGB", (30, 20), colour).save(folder / name)
    source = colours.parents[1] / "colours.keras"
    options = [f"--from={source}", "--scale=none", "--verify=quick", "--no-warm-up"]
    target = tmp_path / "m"
    assert main(["savedmodel", *options, f"--pictures={folder}", f"--output={target}"]) == 0
    found = golden.load(target / "1")
    assert found is not None
    assert found.images[:2] == [(folder / "a.jpg").read_bytes(), (folder / "b.png").read_bytes()]
    assert [int(row["probabilities"].argmax()) for row in found.rows[:2]] == [0, 2]
    assert not (target / "1" / warmup.FILE).exists()


def recorded_colours(path: Path, labels: list[str], count: int = 24) -> Path:
    """Write what a version with these labels, which is always right, answered to pictures."""
    model = {"name": "colours", "version": 7, "task": "classification", "labels": labels}
    session = RecordedSession("5e55", {}, model)
    file = RecordingFile(path, "test")
    for number in range(count):
        colour = ("red", "green", "blue")[number % 3]
        picture = io.BytesIO()
        Image.new("RGB", (30, 20), {"green": "lime"}.get(colour, colour)).save(picture, "PNG")
        outcome = {
            "type": "result",
            "id": number,
            "model_version": 7,
            "timing_ms": {"inference": 3.0},
        }
        answer = {"classes": [number % 3], "scores": [1.0]}
        message = {"type": "frame", "id": number, "format": "png", "data": picture.getvalue()}
        file.write(RecordedFrame(session, float(number), message, outcome | answer, 4.0))
    file.close()
    return path


def test_a_version_like_the_recorded_one_passes(
    colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recorded_colours(tmp_path / "record.fwrec", ["red", "green", "blue"])
    flags = [f"--recorded={path}", f"--baseline={colours}", "--max-slowdown=1000"]
    assert main(["verify", str(colours), *flags, "--max-score-shift=1"]) == 0
    assert "24 of 24 recorded frames: agreement 1.000 with colours/7" in capsys.readouterr().out


def test_swapped_labels_are_refused_with_a_page(
    colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recorded_colours(tmp_path / "record.fwrec", ["green", "red", "blue"])
    page, told = tmp_path / "page.html", tmp_path / "report.json"
    flags = [f"--recorded={path}", f"--report-html={page}", f"--report-json={told}"]
    assert main(["verify", str(colours), *flags, "--max-score-shift=1"]) == 1
    assert "colours/1 differs from colours/7: agreement 0.333" in capsys.readouterr().err
    assert not json.loads(told.read_text())["passed"]
    assert page.read_text().count("<figure>") == 32


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--recorded=missing"], "there is no recording at missing"),
        (["--report-html=page.html"], "need --recorded"),
        (["--recorded=.", "--baseline=missing"], "there is no version at missing"),
    ],
)
def test_recorded_options_are_checked_first(
    colours: Path, flags: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(colours), *flags]) == 1
    assert words in capsys.readouterr().err


def test_published_files_are_checked(
    colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "published" / "colours"
    assert main(["publish", str(colours), str(target)]) == 0
    assert main(["verify", str(target / "1"), "--quick"]) == 0
    assert "checksums: " in capsys.readouterr().out
    with open(target / "1" / warmup.FILE, "r+b") as file:
        file.write(b"?")
    error = failure(target / "1", capsys, "--quick")
    assert f"{warmup.FILE} has changed since it was published" in error


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """Simulate a full disk: no file can grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [20_000, 100_000], ids=["the graph", "the golden pictures"])
def test_a_full_disk_leaves_nothing(
    colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    target = tmp_path / "m"
    source = colours.parents[1] / "colours.keras"
    with no_file_beyond(size):
        status = main(["savedmodel", f"--from={source}", "--scale=none", f"--output={target}"])
    assert status == 1
    error = capsys.readouterr().err
    assert error == f"python -m export: cannot write {target}: File too large\n"
    assert [path.name for path in target.iterdir()] == [".lock"]
