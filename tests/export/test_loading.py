"""The environment in which TensorFlow and Keras are imported, and files are read."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

import h5py
import keras
import pytest

from export.commands.loading import load_tensorflow
from export.errors import SourceError
from export.sources.keras_archive import read_archive
from export.sources.keras_libraries import load_keras3


def test_keras_uses_tensorflow_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    load_tensorflow()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_keras_has_the_usual_settings_whatever_the_user_set() -> None:
    keras.config.set_floatx("float16")
    keras.config.set_image_data_format("channels_first")
    try:
        load_keras3()
        found = keras.config.floatx(), keras.config.image_data_format()
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_image_data_format("channels_last")
    assert found == ("float32", "channels_last")


def test_wrong_settings_of_keras_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setenv("KERAS_HOME", "/home/k")
    with pytest.raises(SourceError, match=r"cannot import Keras: .* delete .* /home/k/keras\.json"):
        load_keras3()


def test_a_file_that_training_is_writing(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "3.0.0"
    with open(path, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as HDF5 does while it writes
        with pytest.raises(SourceError, match="is being written by another program; try again"):
            read_archive(path)
    assert read_archive(path).version == "3.0.0"
