"""Find what would run code of its own choosing when a Keras file is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from export.errors import SourceError
from export.sources.keras_archive import KerasArchive
from export.sources.keras_errors import BUILD

_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod")
_HARMLESS = {"", "math", "nn", "image", "linalg", "signal", "bitwise", "random", "__operators__"}
_LIBRARIES = ("load_op_library", "load_library")
_PACKAGES = {"keras", "tf_keras", "keras_core", "builtins", "tensorflow", "None", ""}


def refuse_code(archive: KerasArchive, unsafe: bool) -> None:
    """Raise ``SourceError`` if the file contains code, unless the user trusts it."""
    code = None if unsafe else code_in(archive.config)
    if code is not None:
        raise SourceError(
            f"{archive.path} contains code: {code}; add --unsafe if you trust whoever made the "
            f"file, because the code runs with your rights, or {BUILD}"
        )


def code_in(config: Any) -> str | None:
    """Return what runs code, for an error message, or None if a file is only a model.

    ``Lambda`` layers contain Python bytecode or name any function of any module. Other layers
    can name modules to import, and TensorFlow operations can read and write files.
    """
    return next(_findings(config), None)


def _findings(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _findings(item)
    if not isinstance(value, dict):
        return
    yield from _finding(value)
    for item in value.values():
        yield from _findings(item)


def _finding(entry: dict[str, Any]) -> Iterator[str]:
    """Yield what one object of the configuration does."""
    kind, config = entry.get("class_name"), entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    if kind in ("Lambda", "__lambda__"):
        yield f"its layer {name or 'Lambda'} is a Lambda"
    elif kind in _OPERATIONS and isinstance(config, dict):
        symbol = str(config.get("function", config.get("cls_symbol", "")))
        if not _is_harmless(symbol):
            yield f"its layer {name} calls tf.{symbol}"
    package = str(entry.get("module", "")).partition(".")[0]
    if kind is not None and package not in _PACKAGES:
        yield f"it imports {entry['module']}"


def _is_harmless(symbol: str) -> bool:
    """Return whether a TensorFlow function only computes."""
    module, _, name = symbol.removeprefix("compat.v1.").rpartition(".")
    return module.partition(".")[0] in _HARMLESS and name not in _LIBRARIES
