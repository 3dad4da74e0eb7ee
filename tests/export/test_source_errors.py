"""Sources that do not match the options: one clear line, status 1, and nothing left behind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from export.__main__ import main
from tests.e2e import other_models
from tests.export import trained_models

BUILD = "tests.export.trained_models:colours"
SSD = "--from={0}/ssd/model.ckpt --inputs=Placeholder --scale -1..1"
SSD_FED = f"{SSD} --feed=is_training=false"
RAW_BOXES = "--outputs=detection_boxes=decoded/boxes,detection_scores=class_logits"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    trained_models.tf1_detector(folder / "ssd")
    trained_models.keras_files(folder)
    other_models.main(folder)
    plain = tf.keras.Sequential([tf.keras.Input([8, 8, 3]), tf.keras.layers.Flatten()])
    plain.save(folder / "plain.keras")
    (folder / "one.txt").write_text("one")
    (folder / "two.txt").write_text("one\ntwo\n")
    (folder / "broken.keras").write_bytes(b"no archive")
    (folder / "empty").mkdir()
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "text").mkdir()
    (folder / "text" / "a.jpg").write_text("no picture")
    _takes_examples(folder / "examples")
    _values_of_another_model(folder / "ssd" / "model.ckpt", folder / "short" / "model.ckpt")
    module = tf.Module()
    module.value = tf.Variable(1.0)
    tf.saved_model.save(module, str(folder / "half"))
    next((folder / "half" / "variables").glob("*.data-*")).unlink()
    shutil.copytree(folder / "ssd", folder / "cut")
    next((folder / "cut").glob("*.data-*")).write_bytes(b"")
    shutil.copytree(folder / "ssd", folder / "bare")
    (folder / "bare" / "model.ckpt.meta").write_bytes(b"")
    return folder


def _takes_examples(folder: Path) -> None:
    """Write a SavedModel whose strings are ``tf.train.Example`` messages."""
    module = tf.Module()
    features = {"image": tf.io.FixedLenFeature([], tf.string)}
    module.parse = tf.function(
        lambda examples: tf.strings.length(tf.io.parse_example(examples, features)["image"]),
        [tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, str(folder), module.parse)


def _values_of_another_model(prefix: Path, other: Path) -> None:
    """Write the detector's graph with a checkpoint in which a variable has another name."""
    other.parent.mkdir()
    other.with_name("model.ckpt.meta").write_bytes(prefix.with_name("model.ckpt.meta").read_bytes())
    reader = tf.train.load_checkpoint(str(prefix))
    names = [name for name in reader.get_variable_to_shape_map() if name != "head/biases"]
    values = {name: reader.get_tensor(name) for name in names}
    values["head/bias"] = reader.get_tensor("head/biases")
    tensors = list(values)
    tf.raw_ops.SaveV2(
        prefix=str(other),
        tensor_names=tensors,
        shape_and_slices=[""] * len(tensors),
        tensors=list(values.values()),
    )


def _nothing() -> None:
    """Forget to return the model."""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--from={0}/nothing", "{0}/nothing does not exist: there is no model to export"),
        ("--from=https://example.org/m.h5", "'https://example.org/m.h5' is not a path; download"),
        ("--from=", "--from '' is not a path"),
        ("--from={0}/ssd/model.ckpt-9", "there are the checkpoints model.ckpt"),
        ("--from={0}/half", "{0}/half: files in its directory variables/ are missing"),
        ("--from={0}/tf2 --model=sys:exit", "failed: it ends the program"),
        ("--from={0}/empty", "there is no model in {0}/empty"),
        (
            "--from={0}/broken.keras --scale=none",
            "{0}/broken.keras is named like a Keras archive (.keras), but is damaged or not one",
        ),
        ("--from={0}/colours.weights.h5", "contains weights without a model; name a function"),
        ("--from={0}/tf2", "has no graph (.meta); name a function"),
        ("--from={0}/tf2 --model=no.such:thing", "cannot import no.such: ModuleNotFoundError"),
        ("--from={0}/tf2 --model=./net/a.py:build", "a module, not a file: net.a:build, in the"),
        (
            "--from={0}/tf2 --model=tests.export.trained_models:colors",
            "tests.export.trained_models has no function colors; it has anchors",
        ),
        (
            "--from={0}/plain.keras",
            "add what it was trained with: --scale 0..1 (x / 255), --scale -1..1",
        ),
        (
            f'--from={{0}}/tf2 --scale=none --model={BUILD} --model-args={{{{"classes":4}}}}',
            "incompatible tensor with shape (3, 3) when attempting to restore variable with shape "
            "(3, 4) and name head/kernel",
        ),
        (
            "--from={0}/tf2 --scale=none --model=tests.export.test_source_errors:two_heads",
            "2 of its 4 variables are missing: more/bias, more/kernel",
        ),
        (
            f"--from={{0}}/colours.weights.h5 --scale=none --model={BUILD} "
            '--model-args={{"classes":4}}',
            "head/kernel is (3, 4) in the model and (3, 3) in the file",
        ),
        (
            "--from={0}/colours.weights.h5 --scale=none "
            "--model=tests.export.test_source_errors:two_heads",
            "layer more has 2 variables in the model and 0 in the file",
        ),
        (
            SSD,
            "name the tensors to serve with --outputs NAME=TENSOR,...; most likely first: "
            "decoded/boxes:0 [?,200,4], class_logits:0 [?,200,3]",
        ),
        (
            f"--from={{0}}/ssd/model.ckpt --scale=none {RAW_BOXES}",
            "images go to Placeholder:0, but the outputs also need is_training:0; give each a "
            "constant with --feed TENSOR=VALUE",
        ),
        (
            f"{SSD_FED} --outputs=detection_boxes=boxes,detection_scores=class_logits",
            "there is no tensor 'boxes' in the graph; closest: decoded/boxes:0",
        ),
        (
            f"{SSD_FED} --outputs=class_logit",
            "there is no tensor 'class_logit' in the graph; closest: class_logits:0",
        ),
        (
            f"{SSD_FED} --outputs=logits=head/biases",
            "the outputs do not depend on the image input Placeholder:0",
        ),
        (
            f"{SSD} {RAW_BOXES}",
            "the outputs also need is_training:0; give each a constant with --feed TENSOR=VALUE",
        ),
        (
            f"{SSD_FED} {RAW_BOXES}",
            "a detector needs detection_classes; name them with --outputs NAME=TENSOR, or add "
            "--nms if scores have a column for each class",
        ),
        (
            f"{SSD_FED} {RAW_BOXES} --nms --background --labels={{0}}/one.txt",
            "one.txt has 1 labels, but the model has 2 classes",
        ),
        (
            f"{SSD_FED} {RAW_BOXES} --nms --labels={{0}}/two.txt",
            "two.txt has 2 labels, but the model has 3 classes",
        ),
        (f"{SSD_FED} {RAW_BOXES} --nms --size=32x32", "takes images of 64x64, not 32x32"),
        (
            f"{SSD_FED.replace('ssd', 'short')} {RAW_BOXES} --nms",
            "1 of 5 variables are missing: head/biases; closest: head/bias",
        ),
        ("--from={0}/zoo/1 --signature=serve", "there is no signature 'serve'; closest: serving_"),
        (
            "--from={0}/zoo/1 --outputs=detection_boxes=box",
            "there is no output 'box'; closest: detection_boxes",
        ),
        ("--from={0}/zoo/1 --first-class=2", "returns class 1, but classes start at 2"),
        (
            "--from={0}/zoo/1 --first-class=0 --labels={0}/one.txt",
            "which has no label: there are 1 labels",
        ),
        ("--from={0}/raw/1 --task=detection", "a detector needs detection_boxes and"),
        (
            "--from={0}/colours.keras --scale=none --feed=a=1 --signature=b",
            "--signature and --feed cannot be used with a Keras file",
        ),
        (
            f"{SSD} --feed=is_training=maybe {RAW_BOXES} --nms",
            "--feed is_training:0: 'maybe' is not bool",
        ),
        (
            f"{SSD} --feed=is_training=False --outputs=detection_boxes=nothing",
            "there is no tensor 'nothing' in the graph",
        ),
        ("--from={0}/tf2 --model=tests.export.test_source_errors:_nothing", "returned nothing;"),
        (
            "--from={0}/tf2 --model=tests.export.test_source_errors:_takes_examples",
            "'folder'; --model-args has its arguments, as JSON",
        ),
        (
            "--from={0}/colours.keras --scale=none --labels={0}/deep.json",
            "deep.json is not JSON: ",
        ),
        (
            "--from={0}/colours.keras --scale=none --pictures={0}/text",
            "text/a.jpg is not a JPEG or PNG image, or is broken",
        ),
        ("--from={0}/examples", "its strings must be JPEG and PNG"),
        (
            f"{SSD_FED.replace('ssd', 'cut')} {RAW_BOXES} --nms",
            "cannot restore {0}/cut/model.ckpt, whose files are damaged or cut off; copy them",
        ),
        (
            f"{SSD_FED.replace('ssd', 'bare')} {RAW_BOXES} --nms",
            "{0}/bare/model.ckpt.meta is empty: it was not written or copied completely",
        ),
        ("--from=keras:MobileNetV22 --weights=none", "closest: MobileNetV2"),
        ("--from=keras:MobileNetV2 --weights=none.h5", "--weights must be imagenet, none or a"),
    ],
)
def test_a_source_that_does_not_match_the_options(
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: str,
    message: str,
) -> None:
    target = tmp_path / "model"
    arguments = options.format(trained).split()
    assert main(["savedmodel", *arguments, f"--output={target}", "--verify=quick"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("python -m export: ")
    assert error.count("\n") == 1
    assert message.format(trained) in error
    assert not [path for path in target.glob("*") if path.name != ".lock"]


def two_heads() -> tf.keras.Model:
    """Return a model with more variables than its checkpoint."""
    model = trained_models.colours()
    more = tf.keras.layers.Dense(2, name="more")(model.layers[-2].output)
    return tf.keras.Model(model.inputs, [model.outputs[0], more])
