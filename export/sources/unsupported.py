"""What to do with a file that is not a source: the way from it to one."""

from __future__ import annotations

import re
from pathlib import Path

from export.errors import SourceError
from export.sources.archives import models_in
from export.sources.formats import Format
from export.suggestions import listed

SOURCES = (
    "a .keras or HDF5 file, a SavedModel's directory, a frozen graph (.pb), or a TensorFlow "
    "checkpoint"
)

_ORIGINAL = "export the model that it was made from: a SavedModel, a Keras file or a checkpoint"
_FROM_ONNX = "convert it with onnx2tf -i MODEL.onnx -o FOLDER, and pass the FOLDER"

_WAYS = {
    Format.ONNX: _FROM_ONNX,
    Format.TFLITE: f"{_ORIGINAL}; if that is lost, python -m tf2onnx.convert --tflite MODEL.tflite "
    f"--output MODEL.onnx, then {_FROM_ONNX}",
    Format.PYTORCH: "save the model as ONNX with torch.onnx.export, then "
    "onnx2tf -i MODEL.onnx -o FOLDER, and pass the FOLDER",
    Format.SAFETENSORS: "it has weights without a model; load them into the model that they belong "
    "to, and save that as a SavedModel or as ONNX",
    Format.TENSORFLOW_JS: "convert it with tensorflowjs_converter "
    "--input_format=tfjs_layers_model --output_format=keras_saved_model model.json FOLDER, and "
    "pass the FOLDER",
    Format.TENSORFLOW_JS_GRAPH: f"{_ORIGINAL}; if that is lost, pip install tfjs-graph-converter, "
    "and tfjs_graph_converter --output_format tf_saved_model FOLDER SAVED",
    Format.CORE_ML: _ORIGINAL,
    Format.CAFFE: "Caffe models have to be converted to ONNX first; then "
    "onnx2tf -i MODEL.onnx -o FOLDER, and pass the FOLDER",
    Format.DARKNET: "load its weights into a Keras or PyTorch implementation of the network, and "
    "save that as a SavedModel or as ONNX",
    Format.OPENVINO: _ORIGINAL,
    Format.KERAS_JSON: "pass the file with its weights as --from, and a function that calls "
    "keras.models.model_from_json as --model package.module:function",
    Format.JSON: f"there is no model in it: pass {SOURCES}",
    Format.PIPELINE: "pass the directory of the exported SavedModel, or the checkpoint",
    Format.LABEL_MAP: "pass it as --labels, and the model as --from",
    Format.PICKLE: "unpickling runs code; load it where it was made, and save the model as a "
    "SavedModel or a .keras file",
    Format.NUMPY: "it has weights without a model; load them into the model that they belong to, "
    "and save that as a .keras file",
    Format.ARCHIVE: "unpack it, and pass the model in it",
    Format.LFS_POINTER: "run git lfs pull in the repository that it comes from",
    Format.WEB_PAGE: "the download did not return the model; download it again",
    Format.EMPTY: "it was not written or copied completely",
}

_BY_SUFFIX = {
    ".onnx": Format.ONNX,
    ".tflite": Format.TFLITE,
    ".pt": Format.PYTORCH,
    ".pth": Format.PYTORCH,
    ".caffemodel": Format.CAFFE,
    ".mlmodel": Format.CORE_ML,
    ".weights": Format.DARKNET,
    ".safetensors": Format.SAFETENSORS,
    ".keras": Format.KERAS,
    ".h5": Format.HDF5,
    ".hdf5": Format.HDF5,
    ".pb": Format.GRAPH,
    ".pbtxt": Format.GRAPH_TEXT,
    ".meta": Format.META_GRAPH,
    ".index": Format.CHECKPOINT,
    ".zip": Format.ARCHIVE,
}

_EDGE_TPU = b"edgetpu-custom-op"
"""The only operation of a TensorFlow Lite model that has been compiled for that chip."""

_WEIGHTS_BESIDE = (".param", ".xml")
"""The files of networks whose weights are in a ``.bin`` of the same name: NCNN's, OpenVINO's."""

_RUNTIMES = {
    ".engine": "TensorRT",
    ".plan": "TensorRT",
    ".trt": "TensorRT",
    ".ort": "ONNX Runtime",
    ".pte": "ExecuTorch",
    ".param": "NCNN",
    ".params": "MXNet",
    ".mnn": "MNN",
    ".rknn": "RKNN",
    ".hef": "Hailo",
    ".kmodel": "Kendryte",
    ".dlc": "Qualcomm",
    ".gguf": "llama.cpp",
    ".pdmodel": "PaddlePaddle",
    ".pdiparams": "PaddlePaddle",
    ".msgpack": "Flax",
    ".joblib": "joblib",
}
"""What else reads models, by the suffix of its files."""


def packing(folder: Path | str) -> str:
    """Return the command that makes a Keras archive of an unpacked one."""
    return f"python -m zipfile -c model.keras {folder}/*"


def is_for_another_runtime(path: Path) -> bool:
    """Return whether a file is named like a model that has been compiled for another runtime."""
    return path.suffix.lower() in _RUNTIMES


def unpacked(folder: Path) -> SourceError:
    """Return the error for a directory with the files of a Keras archive."""
    metadata = (folder / "metadata.json").read_text("utf-8", "replace")
    if re.search("keras_(hub|nlp)_version", metadata):
        return SourceError(
            f"{folder} is a preset of KerasHub: load it with from_preset where KerasHub is "
            "installed, and save the model with model.export or as a .keras file"
        )
    return SourceError(f"{folder} is an unpacked Keras archive: {packing(folder)}")


def error_for(path: Path, found: Format) -> SourceError:
    """Return the error for a file that cannot be exported: what it is, and what to do instead."""
    if found == Format.ARCHIVE:
        return _archive(path)
    if found == Format.TFLITE and _is_for_edge_tpu(path):
        return SourceError(f"{path} is {found.value}, compiled for the Edge TPU: {_ORIGINAL}")
    beside = [path.with_suffix(suffix) for suffix in _WEIGHTS_BESIDE]
    if path.suffix.lower() == ".bin" and any(map(Path.exists, beside)):
        network = next(filter(Path.exists, beside)).name
        return SourceError(f"{path} has the weights of the network {network}: {_ORIGINAL}")
    if found in _WAYS:
        return SourceError(f"{path} is {found.value}: {_WAYS[found]}")
    if is_for_another_runtime(path):
        runtime = _RUNTIMES[path.suffix.lower()]
        return SourceError(f"{path} is a model for {runtime}: {_ORIGINAL}")
    named = _BY_SUFFIX.get(path.suffix.lower())
    if named is None:
        return SourceError(f"{path} is not a kind of model that can be read: pass {SOURCES}")
    if named == Format.DARKNET:  # its weights begin with nothing to tell them by
        return SourceError(f"{path} is named like {named.value}: {_WAYS[named]}")
    way = f"the way from {named.value}: {_WAYS[named]}" if named in _WAYS else f"pass {SOURCES}"
    return SourceError(f"{path} is named like {named.value}, but is damaged or not one; {way}")


def _archive(path: Path) -> SourceError:
    """Return the error for an archive, with what is in it."""
    models = models_in(path)
    if not models:
        return SourceError(f"{path} is {Format.ARCHIVE.value}: {_WAYS[Format.ARCHIVE]}")
    which = models[0] if len(models) == 1 else f"one of {listed(models)}"
    return SourceError(f"{path} is {Format.ARCHIVE.value}: unpack it, and pass {which}")


def _is_for_edge_tpu(path: Path) -> bool:
    try:
        return _EDGE_TPU in path.read_bytes()
    except OSError:
        return False
