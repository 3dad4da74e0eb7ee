"""The README's commands run, and its client finds digits."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demomodel import scenes
from loadtest.stack import Stack
from tests import forked
from tests.conftest import gateway_with
from tests.forked import ForkedStack

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.removeprefix("$ ")
    for language, block in BLOCKS
    if language == "console"
    for line in block.splitlines()
    if line.startswith("$ ")
]
TARGETS = ["make run"]
"""Run elsewhere: in e2e/test_run.py."""
ACTIVATE = ["source .venv/bin/activate"]
HELP = [command for command in COMMANDS if command.endswith("--help")]
EXPORT = [command for command in COMMANDS if re.match("framewire export [a-z]", command)]
CURL = [command for command in COMMANDS if command.startswith("curl ")]
[CLIENT] = [block for language, block in BLOCKS if language == "python"]
SCALED = " --scale 0..1"
"""For a source whose training code scaled the pixels, as the error asks without it."""
ONCE = " --verify=quick"
"""For an export that is followed by the command that verifies it through a model server."""

PAGE = re.compile(r"<http://127\.0\.0\.1:8888/(\?model=\w+)>")


@dataclass(frozen=True)
class Running:
    """A folder with ``models``, and the servers that serve them."""

    folder: Path
    stack: Stack


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("readme") / "picture.jpg"
    scenes.render(3, (640, 480)).picture.save(path, quality=85)
    return path


def test_every_command_is_known_here() -> None:
    assert sorted(COMMANDS) == sorted(TARGETS + ACTIVATE + HELP + EXPORT + CURL)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in TARGETS:
        assert re.search(rf"^{target.split()[1]}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", HELP)
def test_help_explains(command: str, tmp_path: Path) -> None:
    shown = run_in(tmp_path, command)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("usage: framewire ")


def test_curl_is_answered(patient_stack: Stack, picture: Path) -> None:
    upload, models = CURL
    outcome = curl(upload, patient_stack, picture)
    assert outcome["type"] == "result"
    assert len(outcome["boxes"]) == len(outcome["scores"]) == len(outcome["classes"]) > 0
    assert outcome["labels"] == [str(number) for number in outcome["classes"]]
    [model] = curl(models, patient_stack, picture)["models"]
    assert (model["name"], model["state"], len(model["labels"])) == ("digits", "ready", 10)


def curl(command: str, stack: Stack, picture: Path) -> dict[str, Any]:
    """Run a ``curl`` command of the README, and return the JSON of the answer."""
    words = [word.replace("picture.jpg", str(picture)) for word in shlex.split(command)]
    words = [word.replace("http://127.0.0.1:8888/", stack.url) for word in words]
    answer = subprocess.run(
        [words[0], "-s", *words[1:]], capture_output=True, text=True, timeout=60, check=True
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``flowers.keras``, a TensorFlow 1 checkpoint ``tf1/model.ckpt-1``, a SavedModel ``saved``."""
    folder = tmp_path_factory.mktemp("sources")
    write_keras_model(folder / "flowers.keras")
    write_checkpoint(folder / "tf1" / "model.ckpt")
    write_saved_model(folder / "saved")
    return folder


def write_keras_model(path: Path) -> None:
    import keras

    layers = [keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255)]
    layers += [keras.layers.GlobalAveragePooling2D()]
    layers += [keras.layers.Dense(3, activation="softmax")]
    keras.Sequential(layers).save(path)


def write_checkpoint(path: Path) -> None:
    """Of a training graph, with the optimizer's variables."""
    from tensorflow.compat import v1 as tf

    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 32, 32, 3], "images")
        weights = tf.get_variable("weights", [3072, 3])
        logits = tf.reshape(images, [-1, 3072]) @ weights
        tf.nn.softmax(logits, name="probs")
        truth = tf.placeholder(tf.int64, [None], "truth")
        loss = tf.losses.sparse_softmax_cross_entropy(truth, logits)
        tf.train.AdamOptimizer().minimize(loss)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(path), global_step=1)


def write_saved_model(folder: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.weights = tf.Variable(tf.random.normal([3072, 3]))

    def classify(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": tf.nn.softmax(tf.reshape(images, [-1, 3072]) @ module.weights)}

    spec = tf.TensorSpec([None, 32, 32, 3], tf.float32, "images")
    module.classify = tf.function(classify, input_signature=[spec])
    tf.saved_model.save(module, str(folder), signatures=module.classify)


@pytest.fixture(scope="module")
def running(demo_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """``make run``, as far as these commands notice: the folder that it runs in, and servers."""
    folder = tmp_path_factory.mktemp("running")
    shutil.copytree(demo_models / "digits", folder / "models" / "digits")
    with ForkedStack(folder / "models", gateway_flags=("--max-staleness-ms=20000",)) as stack:
        yield Running(folder, stack)


def test_a_keras_model_goes_live(running: Running, sources: Path, picture: Path) -> None:
    """As printed, beside the demo model."""
    shutil.copy(sources / "flowers.keras", running.folder)
    goes_live(running, EXPORT, "flowers", picture)
    shown = client(running.stack, picture, '"min_score": 0.0, "model": "flowers"')
    # Another task than the demo model's: one line per class.
    assert len(shown) == 3, shown
    assert all(re.match(r"\d [01]\.\d\d", line) for line in shown), shown
    next_version(running)


def next_version(running: Running) -> None:
    """docs/tutorial-model.md, after its first version, which is the README's."""
    tutorial = (ROOT / "docs" / "tutorial-model.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (framewire export .*)$", tutorial, re.MULTILINE)
    assert commands[:4] == EXPORT
    export, publish, *others = commands[4:]
    assert export == EXPORT[0]
    # Version 1 in the place of the new one: exporting it again would only take time.
    again = publish.replace("flowers/2", "flowers/1")
    for command in (again, *others):
        done = run_in(running.folder, command, running.stack.grpc_port)
        assert done.returncode == 0, (command, done.stderr)
    assert "2 -> 1" in done.stdout, done.stdout


def test_a_saved_model_goes_live(running: Running, sources: Path, picture: Path) -> None:
    """As printed, with another source and another name."""
    first, *others = [command.replace("flowers", "tulips") for command in EXPORT]
    first = first.replace("tulips.keras", str(sources / "saved"))
    goes_live(running, [first + SCALED + ONCE, *others], "tulips", picture)


def test_a_checkpoint_of_tensorflow_1_goes_live(
    running: Running, sources: Path, picture: Path
) -> None:
    """As printed, with the option that the README names, which the error suggests without it."""
    first, *others = [command.replace("flowers", "roses") for command in EXPORT]
    first = first.replace("roses.keras", str(sources / "tf1" / "model.ckpt-1"))
    lists = run_in(running.folder, first)
    assert lists.returncode != 0
    [option] = re.findall(r"`(--outputs [^`]+)`", README)
    assert option.split()[1] in lists.stderr
    asks = run_in(running.folder, f"{first} {option}")
    assert asks.returncode != 0
    assert SCALED.split()[0] in asks.stderr
    assert SCALED.strip() in README
    goes_live(running, [f"{first} {option}{SCALED}{ONCE}", *others], "roses", picture)


def goes_live(running: Running, commands: Sequence[str], model: str, picture: Path) -> None:
    """Run the commands one after another; then the page's address has the model's answers."""
    stack = running.stack
    for command in commands:
        done = run_in(running.folder, command, stack.grpc_port)
        assert done.returncode == 0, done.stderr
    [query] = PAGE.findall(README)
    address = f"{stack.url}v1/infer{query.replace('flowers', model)}"
    request = urllib.request.Request(address, picture.read_bytes())
    with urllib.request.urlopen(request, timeout=20) as answer:
        outcome = json.loads(answer.read())
    assert outcome["type"] == "result"
    assert sum(outcome["scores"]) == pytest.approx(1.0, abs=0.01)


def test_client_prints_digits_and_boxes(patient_stack: Stack, picture: Path) -> None:
    assert len([line for line in CLIENT.splitlines() if line.strip()]) <= 24
    shown = client(patient_stack, picture)
    assert shown
    assert all(re.match(r"\d [01]\.\d\d \[", line) for line in shown)


def test_client_and_curl_take_the_picture_that_is_at_hand(patient_stack: Stack) -> None:
    [name] = set(re.findall(r"`(docs/[^`]+\.webp)`", README))
    assert client(patient_stack, ROOT / name)
    assert curl(CURL[0], patient_stack, ROOT / name)["boxes"]


def test_client_prints_what_went_wrong(patient_stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture")
    [line] = client(patient_stack, tmp_path / "notes.jpg")
    assert "'code': 'bad_frame'" in line


def test_client_prints_a_drop(demo_stack: Stack, picture: Path) -> None:
    with gateway_with(demo_stack, "--max-staleness-ms=1") as hasty:
        [line] = client(hasty, picture)
    assert "'type': 'dropped'" in line


def client(stack: Stack, picture: Path, options: str = '"min_score": 0.5') -> list[str]:
    """The lines that the README's client prints."""
    url = stack.url.replace("http", "ws") + "ws"
    program = CLIENT.replace('"min_score": 0.5', options)
    command = [sys.executable, "-c", program, str(picture), url]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert printed.returncode == 0, printed.stderr
    return printed.stdout.splitlines()


def run_in(folder: Path, command: str, grpc_port: int = 1) -> subprocess.CompletedProcess[str]:
    """Run a ``framewire`` command in a folder, with the model server on ``grpc_port``."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GRPC_PORT": str(grpc_port)}
    return forked.run(*shlex.split(command), folder=folder, environment=environment)


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)
    for target in [target for target in targets if "://" not in target]:
        assert (ROOT / target).exists(), target
