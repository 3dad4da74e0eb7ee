"""Versions of the demo model that are worse on purpose.

``python -m tests.releases.planted SOURCE TARGET KIND`` writes one; it runs as a program, because
most kinds need TensorFlow:

* ``same``: a copy, no worse;
* ``swapped``: finds the same objects, but calls each by another class's name;
* ``slow``: takes many times as long;
* ``failing``: fails for three calls in ten.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

KINDS = ("same", "swapped", "slow", "failing")
_LABELS = re.compile(rb'"labels": \[([^\]]*)\]')


def write(source: Path, target: Path, kind: str) -> None:
    """Write a version; TensorFlow is imported if it is ``slow`` or ``failing``."""
    shutil.copytree(source, target)
    if kind == "swapped":
        _swap_labels(target / "saved_model.pb")
    elif kind != "same":
        _save_anew(source, target, kind)


def _swap_labels(graph: Path) -> None:
    """Let each class have the name of the next one. The file keeps its length."""

    def swapped(found: re.Match[bytes]) -> bytes:
        names = found[1].split(b", ")
        return b'"labels": [' + b", ".join([*names[1:], names[0]]) + b"]"

    contents, count = _LABELS.subn(swapped, graph.read_bytes())
    assert count == 1, f"{count} lists of labels"
    graph.unlink()  # it may be a link to the source's file
    graph.write_bytes(contents)


def _save_anew(source: Path, target: Path, kind: str) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    loaded = tf.saved_model.load(str(source))
    spoil = {"slow": _slow, "failing": _failing}[kind]
    module = tf.Module()
    module.loaded = loaded
    signatures: dict[str, Any] = {"describe": loaded.signatures["describe"]}
    for name in ("serving_default", "serving_pixels"):
        signatures[name] = _wrapped(tf, loaded.signatures[name], spoil)
    tf.saved_model.save(module, str(target), signatures=signatures)
    if kind == "failing":  # it would fail to warm up, and so to load
        (target / "assets.extra" / "tf_serving_warmup_requests").unlink()


def _wrapped(tf: Any, inner: Any, spoil: Any) -> Any:
    [spec] = inner.structured_input_signature[1].values()

    @tf.function(input_signature=[spec])
    def outer(image: Any) -> Any:
        with tf.control_dependencies([spoil(tf, image)]):
            return inner(image=tf.identity(image))

    return outer


def _slow(tf: Any, image: Any) -> Any:
    """Multiply matrices for some tens of milliseconds."""
    start = tf.random.uniform([512, 512]) / 512
    return tf.while_loop(lambda i, _: i < 12, lambda i, m: (i + 1, m @ start), (0, start))[1]


def _failing(tf: Any, image: Any) -> Any:
    return tf.debugging.Assert(tf.random.uniform([]) > 0.3, ["planted"])


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
