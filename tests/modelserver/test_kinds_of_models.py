"""SavedModels of TensorFlow 1 and 2 over real sockets: variables, tables, assets, state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.modelserver import exported, exported_v1
from tests.modelserver.client import Client, spec
from tests.modelserver.conftest import Serve
from tests.modelserver.test_inference import classify, of, regress, table, values


@pytest.fixture(scope="session")
def old_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("old")
    for name in ("half_plus_two", "counter", "vocabulary"):
        getattr(exported_v1, name)(folder / name / "1")
    (folder / "vocabulary" / "words.txt").unlink()  # the version brings its own
    return folder


@pytest.fixture
def old(serve: Serve, old_models: Path, tmp_path: Path) -> Client:
    entries = "".join(
        f'config {{ name: "{base.name}" base_path: "{base}" model_platform: "tensorflow" }}'
        for base in old_models.iterdir()
    )
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {entries} }}")
    return serve(model_config_file=file)


def test_ref_variables_and_examples(old: Client) -> None:
    x = np.array([[1.0], [2.0], [5.0]], np.float32)
    assert old.predict("half_plus_two", {"x": x})["y"].tolist() == [[2.5], [3.0], [4.5]]
    regressed = regress(old, spec("half_plus_two", signature="regress_x_to_y"), of(1, 2))
    assert values(regressed.result) == [2.5, 3.0]
    classified = classify(old, spec("half_plus_two", signature="classify_x_to_y"), of(1))
    assert table(classified.result) == [[("", 2.5)]]


@pytest.mark.parametrize("version", ["1.12.0-PAI", "unknown", ""])
def test_models_of_any_build_of_tensorflow(serve: Serve, tmp_path: Path, version: str) -> None:
    folder = exported_v1.half_plus_two(tmp_path / "half" / "1")
    exported_v1.written_by(folder, version)
    client = serve(model_name="half", model_base_path=folder.parent)
    assert client.predict("half", {"x": np.array([[1.0]], np.float32)})["y"].tolist() == [[2.5]]


def test_a_table_filled_from_an_asset(old: Client) -> None:
    answer = old.predict("vocabulary", {"words": np.array([b"two", b"zero", b"none"], object)})
    assert answer["numbers"].tolist() == [2, 0, -1]


def count(client: Client, model: str, signature: str) -> float:
    return float(client.predict(spec(model, signature=signature), {})["output"])


def test_warm_up_does_not_run_signatures_with_side_effects(old: Client) -> None:
    assert count(old, "counter", "get_counter") == 0, "no warm-up has counted"
    assert [count(old, "counter", "incr_counter") for _ in range(3)] == [1, 2, 3]
    assert count(old, "counter", "get_counter") == 3
    assert count(old, "counter", "reset_counter") == 0


def test_side_effects_inside_functions(serve: Serve, tmp_path: Path) -> None:
    module = tf.Module()
    module.count = tf.Variable(0.0)

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="step")])
    def add(step: Any) -> Any:
        return {
            "output": tf.cond(step < 9, lambda: module.count.assign_add(step + 1), lambda: step)
        }

    @tf.function(input_signature=[])
    def get() -> Any:
        return {"output": tf.identity(module.count)}

    exported.save(module, tmp_path / "1", add=add, get=get)
    client = serve(model_base_path=tmp_path)
    assert count(client, "default", "get") == 0
    added = client.predict(spec("default", signature="add"), {"step": np.float32(2)})
    assert added["output"] == 3
    assert count(client, "default", "get") == 3
