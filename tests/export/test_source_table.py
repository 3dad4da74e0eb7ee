"""Each row of the table of sources in docs/export.md has a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parents[1] / "docs" / "export.md"

TESTED = {
    "Keras file, `.keras` or HDF5, under any name": "by_content.test_a_keras_file_under_any_name",
    "Keras file in which one model contains another, of any version of Keras 3": (
        "keras3_sources.test_a_model_of_an_earlier_version"
    ),
    "weights of Keras in HDF5": "by_content.test_a_keras_file_under_any_name",
    "weights of Keras in several files (`.weights.json`)": (
        "keras3_sources.test_weights_in_several_files"
    ),
    "SavedModel of TensorFlow 2": "layouts.test_images_get_into_the_models_layout",
    "SavedModel of TensorFlow 1": "metagraphs.test_the_graph_that_is_served",
    "SavedModel with several graphs": "metagraphs.test_the_graph_that_is_served",
    "SavedModel without signatures, as onnx2tf writes it": (
        "unsigned_models.test_a_model_without_signatures"
    ),
    "directory of versions": "locations.test_the_newest_version_in_a_directory",
    "`saved_model.pb` under another name": "formats.test_a_file_that_is_not_a_source",
    "TensorFlow 2 checkpoint": "sources.test_a_module_and_its_checkpoint_under_any_name",
    "TensorFlow 1 checkpoint": "sources.test_moving_averages_and_selected_variables",
    "TensorFlow 1 checkpoint in one file (before 0.12)": "by_content.test_a_checkpoint_in_one_file",
    "TensorFlow 1 graph with a fixed batch": "fixed_batch.test_the_batch_is_opened",
    "a batch that other operations depend on": (
        "fixed_batch.test_a_batch_that_cannot_be_opened_stays"
    ),
    "TensorFlow 1 graph that updates variables on the way, such as moving averages": (
        "training_graphs.test_updates_of_variables_are_left_out"
    ),
    "TensorFlow 1 graph in training mode (dropout, statistics of the batch)": (
        "training_graphs.test_a_graph_in_training_mode"
    ),
    "TensorFlow 1 graph that calls Python (`tf.py_func`)": (
        "training_graphs.test_python_functions_are_not_in_a_file"
    ),
    "classes as texts from a lookup table": ("lookup_tables.test_the_names_of_a_table_are_served"),
    "directory from another machine": "locations.test_the_latest_checkpoint_is_taken",
    "directory whose latest checkpoint is gone": "locations.test_a_latest_checkpoint_that_is_gone",
    "frozen graph, binary or text": "frozen_graphs.test_a_frozen_graph",
    "graph with variables": "frozen_graphs.test_a_graph_that_does_not_say_enough",
    "grayscale, flat or channels-first input": "layouts.test_images_get_into_the_models_layout",
    "one encoded image (string `[]`), or a column of them (`[N,1]`)": (
        "layouts.test_encoded_images_in_other_shapes"
    ),
    "input that is not an image": "layouts.test_an_input_that_is_no_image",
    "top-k classifier": "served_outputs.test_a_ranking_keeps_the_class_of_each_score",
    "top-k classifier without its classes": (
        "served_outputs.test_a_ranking_whose_classes_are_left_out_is_refused"
    ),
    "nested results": "results.test_names",
    "detector that ends in offsets, heat maps or undecoded rows": (
        "decode_command.test_without_decode_a_note_names_the_flag"
    ),
    "pose model": "keypoints.test_what_is_read_as_poses",
    "segmentation with scores or classes of pixels": "segmentation.test_what_is_read_as_a_map",
    "embedding": "embedding.test_what_is_read_as_an_embedding",
    "depth, or another value for each pixel": "densemap.test_what_is_read_as_a_map",
    "detector with masks or keypoints": "served_outputs.test_a_detector_keeps_masks_and_keypoints",
    "ONNX": "formats.test_a_file_that_is_not_a_source",
    "TensorFlow Lite": "formats.test_a_file_that_is_not_a_source",
    "PyTorch": "formats.test_a_file_that_is_not_a_source",
    "TensorFlow.js, Core ML, Caffe, Darknet, OpenVINO, safetensors, NumPy, pickle": (
        "formats.test_what_is_not_a_source_is_named_with_the_way_from_it"
    ),
    "model for TensorRT, NCNN, ExecuTorch and other runtimes": (
        "formats.test_models_of_other_runtimes_are_named"
    ),
    "JSON with a Keras architecture": (
        "formats.test_what_is_not_a_source_is_named_with_the_way_from_it"
    ),
    "preset of KerasHub": "locations.test_a_preset_of_kerashub_is_named",
    "directory with brackets in its name, or with a name that is not UTF-8": (
        "locations.test_names_that_tensorflow_takes_for_patterns"
    ),
    "archive, Git LFS pointer, web page, empty file": "formats.test_a_file_that_is_not_a_source",
}
"""The module, without ``test_`` (``by_content``: ``test_sources_by_content``), and the function."""

MADE_BY_KERAS_2 = {
    "`.h5`, `.hdf5` and `.keras` with convolutions of all kinds, normalization, pooling, "
    "resizing, activations, nested models and shared layers": "test_a_whole_model",
    "the same with TensorFlow operations (`tf.nn.relu6(x)`, `x * 2`, `x[:, 1:]`)": (
        "test_a_whole_model"
    ),
    "mixed precision, initializers and regularizers of any kind, augmentation layers": (
        "test_a_whole_model"
    ),
    "`.keras` files and `.weights.h5` of TensorFlow 2.12 to 2.14, whose weights have another "
    "layout": "test_a_whole_model_of_tensorflow_2_13",
    "files of the separate Keras 2.0 to 2.3": "test_a_sequence_of_layers_without_a_name",
    "other layers that Keras 3 lacks or that have other arguments there": (
        "test_a_layer_that_keras_3_lacks"
    ),
    "`Lambda` layers": "test_code_in_a_file_runs_only_if_it_is_trusted",
    "operations that read or write files, layers of other packages": (
        "test_an_operation_that_does_more_than_compute"
    ),
    "your own layers in a file": "test_the_last_cause_and_the_next_step_on_one_line",
    "weights as `.weights.h5`, HDF5, or in TensorFlow's format": (
        "test_weights_and_checkpoints_for_a_model_that_keras_3_builds"
    ),
    "checkpoints (`tf.train.Checkpoint`), also of subclassed models": "test_a_subclassed_model",
    "SavedModels with the slots of an optimizer": (
        "test_a_saved_model_with_the_slots_of_an_optimizer"
    ),
}
"""In ``test_keras2_sources``."""

EVERY = {*TESTED.values(), *(f"keras2_sources.{name}" for name in MADE_BY_KERAS_2.values())}


def documented(before: str) -> list[str]:
    """Return the first cells of the first table behind ``before``."""
    table = DOCUMENT.read_text("utf-8").partition(before)[2].partition("\n| ")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    return [re.split(r" \| ", row.removeprefix("| "))[0] for row in rows]


def test_every_row_has_a_test() -> None:
    assert documented("### What works\n") == list(TESTED)
    assert documented("**Keras 2.**") == list(MADE_BY_KERAS_2)


def test_every_named_test_exists() -> None:
    for place in EVERY:
        module, _, function = place.partition(".")
        name = "test_sources_by_content" if module == "by_content" else f"test_{module}"
        [path] = TESTS.rglob(f"{name}.py")
        tree = ast.parse(path.read_text("utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert function in defined, place
