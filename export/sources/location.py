"""Find the model at a path: a file, a directory, or the prefix of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from export.contract import GRAPH_FILES
from export.errors import SourceError
from export.paths import is_resource_fork
from export.sources import checkpoints
from export.sources.formats import Format, format_of
from export.sources.unsupported import SOURCES, error_for, is_for_another_runtime, unpacked
from export.suggestions import listed

_FILES = (Format.KERAS, Format.HDF5, Format.KERAS_SHARDS, Format.GRAPH, Format.GRAPH_TEXT)
"""The formats of which one file is a source."""

_UNPACKED = ("config.json", "metadata.json", "model.weights.h5")
"""The files of a ``.keras`` archive."""

_ORBAX = ("_CHECKPOINT_METADATA", "manifest.ocdbt")

_USUAL = (*GRAPH_FILES, "*.index", "*.meta", "*.keras", "*.h5", "*.hdf5", "*graph*.pb")
"""How models are usually named, the likeliest first."""

_CHECKPOINTS = (Format.CHECKPOINT, Format.META_GRAPH)

_NAMED = (
    Format.SAVED_MODEL,
    Format.ONNX,
    Format.TFLITE,
    Format.PYTORCH,
    Format.TENSORFLOW_JS,
    Format.TENSORFLOW_JS_GRAPH,
    Format.SAFETENSORS,
    Format.CORE_ML,
    Format.OPENVINO,
    Format.CAFFE,
    Format.DARKNET,
    Format.LFS_POINTER,
)
"""What is named if a directory has nothing better, the likeliest model first."""


_MOST_FILES = 200
"""How many files of directories below are looked at."""


@dataclass(frozen=True)
class Location:
    """Where a model is: a SavedModel's directory, a checkpoint's prefix or directory, or a file.

    ``notes``: remarks on how it was found, one line each.
    """

    format: Format
    path: Path
    notes: tuple[str, ...] = ()


def locate(path: Path) -> Location:
    """Return the model at ``path``. Raise ``SourceError`` that says what is there instead."""
    if path.is_dir():
        return _in_folder(path)
    checkpoint = checkpoints.at(path)
    if checkpoint.prefix.name == "variables" and _is_saved_model(path.parent.parent):
        return Location(Format.SAVED_MODEL, path.parent.parent)
    if checkpoint.index.is_file():
        return Location(Format.CHECKPOINT, checkpoint.prefix)
    if path.is_file():
        return _file(path)
    if path.exists():  # reading a named pipe would wait for its writer
        raise SourceError(f"{path} is not a regular file")
    if checkpoint.meta.is_file():
        return Location(Format.CHECKPOINT, checkpoint.prefix)
    raise missing(path)


def missing(path: Path) -> SourceError:
    """Return the error for a path where nothing is, with the checkpoints beside it."""
    found = sorted({checkpoints.at(one).prefix.name for one in checkpoints.indexes(path.parent)})
    there = f"; there are the checkpoints {listed(found)}" if found else ""
    return SourceError(f"{path} does not exist: there is no model to export{there}")


def _file(path: Path) -> Location:
    found = format_of(path)
    if found in _FILES:
        return Location(found, path)
    if found in _CHECKPOINTS:
        return Location(Format.CHECKPOINT, checkpoints.at(path).prefix)
    if found == Format.CHECKPOINT_STATE:
        return Location(Format.CHECKPOINT, path.parent)
    if found == Format.SAVED_MODEL and path.name in GRAPH_FILES:
        return Location(found, path.parent)
    raise _error(path, found)


def _error(path: Path, found: Format) -> SourceError:
    if found == Format.SAVED_MODEL:
        return SourceError(
            f"{path} is {found.value}, under another name: rename it to saved_model.pb, in a "
            "directory with its variables/ and assets/, and pass the directory"
        )
    return error_for(path, found)


def _is_saved_model(folder: Path) -> bool:
    return any((folder / name).exists() for name in GRAPH_FILES)


def _in_folder(folder: Path) -> Location:
    if _is_saved_model(folder):
        return Location(Format.SAVED_MODEL, folder)
    if folder.name == "variables" and _is_saved_model(folder.parent):
        return Location(Format.SAVED_MODEL, folder.parent)
    if checkpoints.indexes(folder) or _lists_checkpoints(folder / "checkpoint"):
        return Location(Format.CHECKPOINT, folder)
    return _version(folder) or _only_file(folder)


def _lists_checkpoints(path: Path) -> bool:
    return path.is_file() and format_of(path) == Format.CHECKPOINT_STATE


def _version(folder: Path) -> Location | None:
    """Return the newest version, as model servers do, if the directories are versions."""
    versions = sorted(
        (path for path in folder.iterdir() if path.name.isdecimal() and _is_saved_model(path)),
        key=lambda path: int(path.name),
    )
    if not versions:
        return None
    newest = versions[-1]
    note = (f"version {newest.name} is the newest of {len(versions)} in {folder}",)
    return Location(Format.SAVED_MODEL, newest, note if len(versions) > 1 else ())


def _only_file(folder: Path) -> Location:
    """Return the only model among the files. Raise ``SourceError`` that says what is there."""
    _check_layout(folder)
    files = [path for path in sorted(folder.iterdir()) if not is_resource_fork(path)]
    found = {path: format_of(path) for path in files if path.is_file()}
    models = [path for path, one in found.items() if one in (*_FILES, *_CHECKPOINTS)]
    shards = [path for path in models if found[path] == Format.KERAS_SHARDS]
    models = _one_each(shards if len(shards) == 1 else models, found)
    if len(models) == 1:
        return _file(models[0])
    if models:
        names = listed([path.name for path in models])
        raise SourceError(f"there are {len(models)} models in {folder}; name one of them: {names}")
    raise _nothing_readable(folder, found)


def _one_each(models: list[Path], found: dict[Path, Format]) -> list[Path]:
    """Return one file of each checkpoint, and the other files as they are."""
    whole = {
        path if found[path] in _FILES else checkpoints.at(path).prefix: path for path in models
    }
    return list(whole.values())


def _check_layout(folder: Path) -> None:
    """Raise ``SourceError`` for directories that another tool reads as a whole."""
    if all((folder / name).is_file() for name in _UNPACKED):
        raise unpacked(folder)
    if any((folder / name).exists() for name in _ORBAX):
        raise SourceError(
            f"{folder} is a checkpoint of Orbax (JAX, Flax): convert the model with "
            "jax2tf.convert where it can be loaded, and save that as a SavedModel"
        )
    if (folder / "Data" / "com.apple.CoreML").is_dir():
        raise error_for(folder, Format.CORE_ML)
    if (folder / "variables" / "variables.index").is_file():
        raise SourceError(
            f"{folder} is a SavedModel without its saved_model.pb: copy the whole directory"
        )


def _nothing_readable(folder: Path, found: dict[Path, Format]) -> SourceError:
    """Return the error that names the likeliest model of another tool, or one further below."""
    broken = [path for path in sorted(folder.iterdir()) if path.is_symlink() and not path.exists()]
    inner = _models_below(folder)
    likely = [path for kind in _NAMED for path, one in found.items() if one == kind]
    likely += [path for path in found if is_for_another_runtime(path)]
    if likely:
        below = f"; there is a model in {inner[0]}" if inner else ""
        return SourceError(f"{_error(likely[0], found[likely[0]])}{below}")
    if not inner:
        if broken:
            return SourceError(
                f"there is no model in {folder}: {broken[0].name} is a link to "
                f"{broken[0].readlink()}, which does not exist; copy what it stands for"
            )
        foreign = _foreign_below(folder)
        if foreign is not None:
            return foreign
    hint = _did_you_mean(inner) if inner else f": pass {SOURCES}"
    return SourceError(f"there is no model in {folder}{hint}")


def _did_you_mean(inner: list[Path]) -> str:
    names = list(dict.fromkeys(map(str, inner)))
    return f"; did you mean {names[0] if len(names) == 1 else f'one of {listed(names)}'}?"


def _foreign_below(folder: Path) -> SourceError | None:
    """Return the error for the likeliest model of another tool up to two levels below."""
    files = [path for level in ("*/*", "*/*/*") for path in folder.glob(level) if path.is_file()]
    found = {path: format_of(path) for path in sorted(files)[:_MOST_FILES]}
    likely = [path for kind in _NAMED for path, one in found.items() if one == kind]
    return _error(likely[0], found[likely[0]]) if likely else None


def _models_below(folder: Path) -> list[Path]:
    """Return the directories with SavedModels, checkpoints and others up to two levels below."""
    inner = [f"{level}/{name}" for level in ("*", "*/*") for name in _USUAL]
    paths = (path.parent for pattern in inner for path in sorted(folder.glob(pattern)))
    return [path for path in paths if path.name != "variables"]
