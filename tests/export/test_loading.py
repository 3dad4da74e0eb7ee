"""The environment in which TensorFlow and Keras are imported."""

from __future__ import annotations

import os

import pytest

from export.commands.loading import load_tensorflow


def test_keras_uses_tensorflow_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    load_tensorflow()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
