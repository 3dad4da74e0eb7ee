"""Files of Keras 2, read with and without Keras 2 installed: the answers they gave there."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf

from export.__main__ import main
from export.errors import ExportError, SourceError
from export.sources.keras_errors import reason
from export.sources.opening import open_source
from export.sources.options import SourceOptions
from export.sources.tf1_graph import FrozenGraph
from tests import forked
from tests.conftest import ROOT, one_at_a_time
from tests.export import keras2_models, trained_models

MODULE = keras2_models.__name__
FUNCTIONAL = [build.__name__ for build in keras2_models.FUNCTIONAL]
TRAINED = [build.__name__ for build in keras2_models.TRAINED]
PORTABLE = [build.__name__ for build in keras2_models.PORTABLE]
KERAS_2 = {**os.environ, "TF_USE_LEGACY_KERAS": "1"}
WEIGHTS = (".weights.h5", "-legacy.hdf5", ".h5", ".keras", "-weights", "-run")


@pytest.fixture(scope="session")
def files(run_folder: Path) -> Path:
    """The folder with the files, made by Keras 2 in a process of its own. Read-only."""
    folder = run_folder / "keras2"
    with one_at_a_time(run_folder / "keras2.lock"):
        if not folder.exists():
            folder.mkdir()
            made = forked.run(MODULE, str(folder), environment=KERAS_2)
            assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture
def without_keras2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let imports of Keras 2 fail, as they do where it is not installed."""
    monkeypatch.setitem(sys.modules, "tf_keras", None)


@pytest.fixture(params=["installed", "missing"])
def keras2(request: pytest.FixtureRequest) -> str:
    """Run the test with Keras 2 and without it."""
    if request.param == "missing":
        request.getfixturevalue("without_keras2")
    return str(request.param)


def answers(source: Path, **options: Any) -> list[np.ndarray]:
    """Return the outputs of a source for the images of the predictions."""
    images = tf.constant(keras2_models.images())
    result = open_source(SourceOptions(str(source), **options)).infer(images)
    return [value.numpy() for value in result.values()]


def assert_answers(found: list[np.ndarray], files: Path, name: str) -> None:
    """Compare with the predictions of Keras 2; a SavedModel may have another order."""
    with np.load(files / f"{name}.npz") as stored:
        expected = sorted(stored.values(), key=lambda value: value.shape)
    found = sorted(found, key=lambda value: value.shape)
    assert [value.shape for value in found] == [value.shape for value in expected]
    for value, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, right, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("name", FUNCTIONAL)
def test_a_whole_model(files: Path, keras2: str, name: str, suffix: str) -> None:
    unsafe = name == "with_lambda"
    assert_answers(answers(files / f"{name}{suffix}", unsafe=unsafe), files, name)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_layer_that_keras_3_lacks(
    files: Path, suffix: str, request: pytest.FixtureRequest
) -> None:
    assert_answers(answers(files / f"local{suffix}"), files, "local")
    request.getfixturevalue("without_keras2")
    with pytest.raises(SourceError, match=r"LocallyConnected2D.*framewire\[keras2\]"):
        answers(files / f"local{suffix}")


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")
@pytest.mark.parametrize("suffix", WEIGHTS)
@pytest.mark.parametrize("name", PORTABLE)
def test_weights_and_checkpoints_for_a_model_that_keras_3_builds(
    files: Path, name: str, suffix: str
) -> None:
    found = answers(files / f"{name}{suffix}", model=f"{MODULE}:{name}", size=(16, 16))
    assert_answers(found, files, name)


@pytest.mark.parametrize("suffix", [".weights.h5", "-weights", "-run"])
def test_a_subclassed_model(files: Path, suffix: str) -> None:
    found = answers(files / f"Subclassed{suffix}", model=f"{MODULE}:Subclassed", size=(16, 16))
    assert_answers(found, files, "Subclassed")


@pytest.mark.parametrize("name", TRAINED)
def test_a_saved_model_with_the_slots_of_an_optimizer(files: Path, name: str) -> None:
    folder = files / f"{name}-saved"
    keys = tf.train.load_checkpoint(str(folder / "variables/variables"))
    assert any(".OPTIMIZER_SLOT" in key for key in keys.get_variable_to_shape_map())
    assert_answers(answers(folder), files, name)
    # Once Keras 2 is imported, as in this process, TensorFlow 2 can load it, too.
    assert isinstance(open_source(SourceOptions(str(folder))).infer, FrozenGraph)


def test_training_state_is_not_listed_as_unused(files: Path) -> None:
    options = SourceOptions(str(files / "plain-trained"), model=f"{MODULE}:plain")
    assert open_source(options).restoration.unused == ()


def test_content_counts_and_not_the_name(files: Path, tmp_path: Path, keras2: str) -> None:
    for name, other in (("plain.h5", "hdf5.keras"), ("plain.keras", "zip.h5")):
        copy = tmp_path / other
        copy.write_bytes((files / name).read_bytes())
        assert_answers(answers(copy), files, "plain")


def rearranged(file: Any) -> None:
    """Give weights the layout of TensorFlow 2.12 to 2.14, which counted layers twice."""
    paths: list[str] = []
    file.visit(lambda path: paths.append(path) if path.rpartition("/")[2] == "layers" else None)
    for path in sorted(paths, key=len, reverse=True):
        group, counts = file[path], {}
        names = sorted(group, key=lambda name: int(re.search(r"(?:_(\d+))?\Z", name)[1] or 0))
        moves = []
        for name in names:
            kind = re.sub(r"_\d+\Z", "", name)
            number = counts.get(kind, 0)
            counts[kind] = number + (2 if len(group[name]["vars"]) else 1)
            moves.append((name, f"{kind}_{number}" if number else kind))
        for name, renamed in reversed(moves):
            if name != renamed:
                group.move(name, renamed)
        file.move(path, path.removesuffix("layers") + "_layer_checkpoint_dependencies")


def as_of_2_13(path: Path, copy: Path) -> Path:
    if path.suffix == ".h5":
        shutil.copy(path, copy)
        with h5py.File(copy, "r+") as file:
            rearranged(file)
        return copy
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = io.BytesIO(old.read(name))
            if name == "model.weights.h5":
                with h5py.File(content, "r+") as file:
                    rearranged(file)
            new.writestr(name, content.getvalue())
    return copy


@pytest.mark.parametrize("name", [name for name in FUNCTIONAL if name != "with_lambda"])
def test_a_whole_model_of_tensorflow_2_13(
    files: Path, tmp_path: Path, keras2: str, name: str
) -> None:
    path = as_of_2_13(files / f"{name}.keras", tmp_path / "model.keras")
    assert_answers(answers(path), files, name)


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning")
@pytest.mark.parametrize("name", PORTABLE)
def test_weights_of_tensorflow_2_13(files: Path, tmp_path: Path, name: str) -> None:
    path = as_of_2_13(files / f"{name}.weights.h5", tmp_path / "model.weights.h5")
    assert_answers(answers(path, model=f"{MODULE}:{name}", size=(16, 16)), files, name)


@pytest.mark.parametrize("name", ["mixed.keras", "mixed.h5", "operations.keras", "nested-saved"])
def test_a_version_answers_like_its_source(files: Path, tmp_path: Path, name: str) -> None:
    options = [f"--from={files / name}", "--scale=0..1", "--verify=quick"]
    assert main(["savedmodel", *options, f"--output={tmp_path / 'model'}"]) == 0


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_code_in_a_file_runs_only_if_it_is_trusted(files: Path, keras2: str, suffix: str) -> None:
    with pytest.raises(SourceError, match=r"its layer lambda\w* is a Lambda; add --unsafe if you"):
        answers(files / f"with_lambda{suffix}")


def edited(path: Path, copy: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Copy an HDF5 file, with each of its layers changed."""
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for layer in config["config"]["layers"]:
            change(layer)
        file.attrs["model_config"] = json.dumps(config)
    return copy


def test_a_sequence_of_layers_without_a_name(files: Path, tmp_path: Path, keras2: str) -> None:
    """Keras 2.0 and 2.1 wrote the layers alone."""
    path = Path(shutil.copy(files / "sequential.h5", tmp_path / "old.h5"))
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        layers = [one for one in config["config"]["layers"] if one["class_name"] != "InputLayer"]
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers})
        file.attrs["keras_version"] = "2.0.6"
    assert_answers(answers(path), files, "sequential")


@pytest.mark.parametrize("symbol", ["io.write_file", "load_op_library", "compat.v1.py_func.x"])
def test_an_operation_that_does_more_than_compute(
    files: Path, tmp_path: Path, keras2: str, symbol: str
) -> None:
    def replace(layer: dict[str, Any]) -> None:
        if layer["class_name"] == "TFOpLambda":
            layer["config"]["function"] = symbol

    path = edited(files / "operations.h5", tmp_path / "bad.h5", replace)
    with pytest.raises(SourceError, match=rf"calls tf\.{symbol}; add --unsafe"):
        answers(path)


def test_a_module_to_import_is_code(files: Path, tmp_path: Path, keras2: str) -> None:
    path = tmp_path / "bad.keras"
    with zipfile.ZipFile(files / "plain.keras") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                content = content.replace(b'"module": "keras.layers"', b'"module": "subprocess"')
            new.writestr(name, content)
    with pytest.raises(SourceError, match="it imports subprocess; add --unsafe"):
        answers(path)


def as_attention(layer: dict[str, Any]) -> None:
    """Make the convolution a layer of the user's own."""
    if layer["class_name"] == "Conv2D":
        layer["class_name"] = "SpatialAttention"


def with_a_new_argument(layer: dict[str, Any]) -> None:
    """Give the convolution an argument that no Keras knows."""
    if layer["class_name"] == "Conv2D":
        layer["config"]["sharpness"] = 3


@pytest.mark.parametrize(
    ("change", "cause"),
    [(as_attention, "Keras knows no SpatialAttention"), (with_a_new_argument, "'sharpness'")],
)
def test_the_last_cause_and_the_next_step_on_one_line(
    files: Path, tmp_path: Path, keras2: str, change: Callable[[dict[str, Any]], None], cause: str
) -> None:
    path = edited(files / "plain.h5", tmp_path / "odd.h5", change)
    with pytest.raises(ExportError) as raised:
        answers(path)
    message = str(raised.value)
    assert cause in message
    assert "--model package.module:function" in message
    assert ("pip install 'framewire[keras2]'" in message) == (keras2 == "missing")
    assert "\n" not in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            "Error when deserializing class 'A' using config={'groups': 1}.\n\n"
            "Exception encountered: Error when deserializing class 'B' using config={}.\n\n"
            "Exception encountered: Unrecognized keyword arguments passed to B: {'groups': 1}",
            "Unrecognized keyword arguments passed to B: {'groups': 1}",
        ),
        (
            "Exception encountered when calling Net.call().\n\n\x1b[1m{{function_node __x__}} "
            "Shapes differ\x1b[0m\n\nArguments received by Net.call():\n  • inputs=1",
            "Shapes differ",
        ),
        (
            "Exception encountered when calling layer 'net' (type Net).\n\nShapes differ\n\n"
            "Call arguments received by layer 'net' (type Net):\n  • inputs=1",
            "Shapes differ",
        ),
        ("Could not locate class 'Attention'. Make sure it is", "Keras knows no Attention"),
        ("Unknown layer: 'Attention'. Please ensure you are", "Keras knows no Attention"),
        ("", "ValueError"),
    ],
)
def test_the_last_cause_of_kerass_messages(message: str, cause: str) -> None:
    assert reason(ValueError(message)) == cause


EXPORT_EACH = """
import sys
from export.__main__ import main
for source in sys.argv[2:]:
    options = ["--scale=0..1", "--verify=quick", f"--output={sys.argv[1]}"]
    assert main(["savedmodel", f"--from={source}", *options]) == 0, source
"""


def test_legacy_keras_in_the_environment(files: Path, tmp_path: Path) -> None:
    trained_models.keras_files(tmp_path)
    sources = [files / "plain.h5", tmp_path / "colours.keras"]  # of Keras 2 and 3
    result = subprocess.run(
        [sys.executable, "-c", EXPORT_EACH, str(tmp_path / "model"), *map(str, sources)],
        cwd=ROOT,
        env=KERAS_2,
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "model").glob("[0-9]"))) == len(sources)
