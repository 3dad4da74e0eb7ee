"""Files that Keras 3 wrote and cannot read itself: they answer as the model did."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from export.errors import SourceError
from export.serving.description import describe
from export.sources.formats import Format, format_of
from export.sources.keras3_config import corrected
from export.sources.keras_archive import read_archive
from export.sources.opening import open_source
from export.sources.options import SourceOptions
from tests.export.opened import converted

layers = keras.layers
SIDE = 8


def backbone() -> Any:
    image = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(4, 3, padding="same")(image)
    return keras.Model(image, layers.Add()([x, layers.DepthwiseConv2D(1)(x)]), name="backbone")


def head() -> list[Any]:
    return [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]


def in_sequence() -> Any:
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), backbone(), *head()])


def first_in_sequence() -> Any:
    return keras.Sequential([backbone(), *head()])


def flattened() -> Any:
    return keras.Sequential([backbone(), layers.Flatten(), layers.Dense(3)])


def two_levels() -> Any:
    """Return a model as Teachable Machine builds it."""
    pooled = keras.Sequential([backbone(), layers.GlobalAveragePooling2D()])
    classes = keras.Sequential([keras.Input((4,)), layers.Dense(5), layers.Dense(3)])
    return keras.Sequential([pooled, classes])


def inside_a_graph() -> Any:
    image = keras.Input((SIDE, SIDE, 3))
    pooled = layers.GlobalAveragePooling2D()(backbone()(image, training=False))
    return keras.Model(image, layers.Dense(3)(pooled))


def used_twice() -> Any:
    image, shared = keras.Input((SIDE, SIDE, 3)), backbone()
    both = layers.Concatenate()([shared(image), shared(layers.Rescaling(0.5)(image))])
    return keras.Model(image, layers.GlobalMaxPooling2D()(both))


def with_operations() -> Any:
    """Return a model with operations, some of which are named like layers."""
    image = keras.Input((SIDE, SIDE, 3))
    scaled = (image * 255.0 - 1.0) / 127.5
    pooled = keras.ops.mean(backbone()(keras.ops.relu(scaled) + 0.5), axis=(1, 2))
    return keras.Model(image, layers.Dense(3)(keras.ops.maximum(pooled, 0.1)))


MODELS = (
    in_sequence,
    first_in_sequence,
    flattened,
    two_levels,
    inside_a_graph,
    used_twice,
    with_operations,
)


def as_older(value: Any) -> Any:
    """Return a configuration as versions before 3.11 wrote it: single outputs as lists."""
    if isinstance(value, list):
        return [as_older(item) for item in value]
    if not isinstance(value, dict):
        return value
    entry = {name: as_older(item) for name, item in value.items()}
    if isinstance(entry.get("output_layers"), list) and isinstance(entry["output_layers"][0], str):
        entry["output_layers"] = [entry["output_layers"]]
    return entry


def save_as_older(model: Any, path: Path) -> None:
    """Save a model as versions before 3.11 did."""
    model.save(path)
    if path.suffix == ".h5":
        with h5py.File(path, "r+") as file:
            config = json.loads(file.attrs["model_config"])
            file.attrs["model_config"] = json.dumps(as_older(config))
        return
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = as_older(json.loads(contents["config.json"]))
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("build", MODELS)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_model_of_an_earlier_version(
    tmp_path: Path, build: Callable[[], Any], suffix: str
) -> None:
    model = build()
    images = np.random.default_rng(1).random((3, SIDE, SIDE, 3), np.float32)
    path = tmp_path / f"model{suffix}"
    save_as_older(model, path)
    [found] = open_source(SourceOptions(str(path))).infer(images).values()
    np.testing.assert_allclose(found, model(images), atol=1e-5)


def test_texts_for_classes_come_from_a_layer(tmp_path: Path) -> None:
    image = keras.Input((SIDE, SIDE, 3))
    best = keras.ops.argmax(keras.ops.mean(image, (1, 2)), -1)
    names = layers.StringLookup(vocabulary=["red", "green"], invert=True)
    keras.Model(image, {"name": names(best), "best": best}).save(tmp_path / "m.keras")
    found = converted(tmp_path / "m.keras")
    servable = found.servable(describe("m", found))
    tf.saved_model.save(servable, str(tmp_path / "version"), servable.signatures())
    signature = tf.saved_model.load(str(tmp_path / "version")).signatures["serving_pixels"]
    red = tf.constant([[[[0, 255, 0]] * SIDE] * SIDE], tf.uint8)
    assert signature(image=red)["name"].numpy().tolist() == [b"red"]


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_without_weights_is_refused(tmp_path: Path) -> None:
    keras.Sequential([layers.Conv2D(2, 3), layers.Flatten()]).save(tmp_path / "m.keras")
    with pytest.raises(SourceError, match="saved before the model knew its input"):
        converted(tmp_path / "m.keras", size=(SIDE, SIDE))


def small() -> Any:
    """Build the model whose weights the next test spreads over files."""
    image = keras.Input((SIDE, SIDE, 3))
    hidden = layers.Dense(64)(layers.Dense(64)(layers.Flatten()(image)))
    return keras.Model(image, layers.Dense(3)(hidden))


def test_weights_in_several_files(tmp_path: Path) -> None:
    model, builder = small(), "tests.export.test_keras3_sources:small"
    model.save_weights(tmp_path / "m.weights.json", max_shard_size=5e-5)
    shards = sorted(tmp_path.glob("*.h5"))
    assert len(shards) > 1
    for location in (tmp_path, tmp_path / "m.weights.json"):
        source = open_source(SourceOptions(str(location), model=builder))
        images = np.ones((1, SIDE, SIDE, 3), np.float32)
        [found] = source.infer(images).values()
        np.testing.assert_allclose(found, model(images), atol=1e-5)
    with pytest.raises(SourceError, match="contains weights without a model; name a function"):
        open_source(SourceOptions(str(tmp_path)))
    shards[-1].unlink()
    with pytest.raises(SourceError, match=f"is incomplete: {shards[-1].name} is missing"):
        open_source(SourceOptions(str(tmp_path), model=builder))


def test_an_hdf5_file_of_something_else(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["train_x"] = np.zeros(3)
    with pytest.raises(SourceError, match="without a Keras model or weights: it has train_x; pass"):
        converted(tmp_path / "data.h5")


def test_several_outputs_stay_as_they_are() -> None:
    config = {"output_layers": [["a", 0, 0], ["b", 0, 0]], "layers": []}
    model = {"class_name": "Functional", "config": config}
    assert corrected(model) == model


def test_weights_where_hdf5_can_begin(tmp_path: Path) -> None:
    """A zip does not compress its weights, and HDF5 may begin at byte 512 of a file."""
    path = tmp_path / "model.keras"
    in_sequence().save(path)
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    weights = "model.weights.h5"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo(weights), contents.pop(weights))
        for name, data in contents.items():
            archive.writestr(name, data)
    padding = 512 - path.read_bytes().index(b"\x89HDF")
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo(weights)
        # A field that readers skip moves the data.
        entry.extra = b"\xff\xff" + (padding - 4).to_bytes(2, "little") + bytes(padding - 4)
        archive.writestr(entry, contents.pop(weights))
        for name, data in contents.items():
            archive.writestr(name, data)
    assert h5py.is_hdf5(path)
    assert format_of(path) == Format.KERAS
    assert read_archive(path).config is not None
