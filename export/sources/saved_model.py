"""SavedModels made elsewhere, with signatures and names of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.errors import SourceError
from export.serving.signatures import DESCRIBE
from export.sources.feeds import constant
from export.sources.fingerprint import origin
from export.sources.names import look_up, only, renamed
from export.sources.options import Wish
from export.sources.source import Outputs, Restoration, Source, Tensor
from export.sources.tf1_saved_model import has_reference_variables, open_saved_graph

GRAPH_FILES = ("saved_model.pb", "saved_model.pbtxt")
_DEFAULT = "serving_default"


def open_saved_model(wish: Wish, folder: Path) -> Source:
    """One signature of the SavedModel in `folder`. Raises SourceError."""
    if has_reference_variables(folder):
        return open_saved_graph(wish, folder, origin(_title(folder), _files(folder)))
    loaded = _load(folder)
    signatures = {name: each for name, each in loaded.signatures.items() if name[:2] != "__"}
    function = look_up("signature", _name(wish, signatures), signatures)
    specs = function.structured_input_signature[1]
    fed = {
        name: tf.constant(constant(name, value, look_up("input", name, specs).dtype))
        for name, value in wish.feeds.items()
    }
    alias = only("input", wish.inputs, [name for name in specs if name not in fed])
    missing = set(specs) - {alias, *fed}
    if missing:
        raise SourceError(
            f"say what the other inputs get with --feed: {', '.join(sorted(missing))}"
        )

    def infer(pictures: Tensor) -> Outputs:
        return renamed(function(**{alias: pictures}, **fed), wish.outputs)

    return Source(
        origin=origin(_title(folder), _files(folder)),
        input=_spec(specs[alias], wish),
        infer=infer,
        reference=infer,
        restoration=Restoration(len(function.variables)),
        described=_described(signatures),
        holds=(loaded,),
    )


def _load(folder: Path) -> Any:
    try:
        return tf.saved_model.load(str(folder))
    except Exception as error:  # anything, for what lies there may be anything
        reason = " ".join(str(error).split())[:300]
        raise SourceError(f"cannot load {folder}: {reason}") from None


def _described(signatures: dict[str, Any]) -> dict[str, Any]:
    """The description of a version that was made by this tool, or like one."""
    try:
        found = json.loads(signatures[DESCRIBE]()["description"].numpy())
    except (KeyError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(wish: Wish, signatures: dict[str, Any]) -> str:
    """The signature that was asked for, the default, or the only one."""
    if wish.signature is not None:
        return wish.signature
    return _DEFAULT if _DEFAULT in signatures or len(signatures) != 1 else next(iter(signatures))


def _spec(spec: tf.TensorSpec, wish: Wish) -> tf.TensorSpec:
    """Its input; where not even the rank is known, pictures."""
    shape = spec.shape
    if shape.rank is None:
        shape = [None] if spec.dtype == tf.string else [None, None, None, 3]
    return tf.TensorSpec(shape, spec.dtype)


def _title(folder: Path) -> str:
    """`name/version` of a version's folder, as people know it; a plain folder's own name."""
    whole = folder.resolve()
    return f"{whole.parent.name}/{whole.name}" if whole.name.isdecimal() else whole.name


def _files(folder: Path) -> list[Path]:
    found = [folder / name for name in GRAPH_FILES if (folder / name).exists()]
    return [*found, *sorted(folder.glob("variables/*"))]
