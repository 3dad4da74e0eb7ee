"""Errors that users can understand and fix. Each message is one line.

::

    ExportError              ends a command with its message and exit status 1
    ├── FontsMissing         training needs font packages that are not installed
    ├── CheckpointError      a checkpoint is missing, unreadable or does not fit the model
    ├── SourceError          a trained model cannot be read or does not match the options
    ├── ServerError          a model server cannot be reached or refuses a request
    ├── PublishError         a version exists already, or the target cannot be written
    │   └── DamagedVersion   the files of a version differ from its manifest
    ├── ReleaseError         a label cannot be moved
    │   └── RolledBack       a canary was worse than the version in use
    ├── RegressionFound      a version's answers differ too much from recorded ones
    └── ContractError        a version breaks the model contract and is not published
"""

from __future__ import annotations

import re

_LONGEST = 300
_WRAPPERS = (
    re.compile(r"^Node: '.*'\n(?P<reason>.+)", re.MULTILINE),
    re.compile(r"^(?P<reason>.+?)\n\nOriginal stack trace for ", re.DOTALL),
)
"""How TensorFlow wraps the reason of a failure; the first that fits counts."""


_NODES = re.compile(
    r"\s*\[\[\{\{node [^}]*\}\}\]\]|\s*\[\[\{\{function_node [^}]*\}\}\{\{node [^}]*\}\}\]\]"
    r"|\{\{function_node [^}]*\}\} ?|\s*\[Op:\w*(<lambda>)?\w*\]"
)
"""Names of TensorFlow's own for parts of a graph."""


_LACKING = (
    (
        re.compile(r"Op type not registered '(?P<name>[^']+)'"),
        "it needs the operation {name}, which TensorFlow does not have; use a graph from before a "
        "tool put it there, or without the layer that it belongs to",
    ),
    (
        re.compile(r"Could not find callback with key"),
        "it calls Python functions (tf.py_function, tf.numpy_function), which no file has; save "
        "the model without them",
    ),
)
"""What a graph needs and TensorFlow cannot provide, however the graph is run."""


def lacking(error: Exception) -> str | None:
    """Return what TensorFlow lacks for a graph, and what to do about it; None for other errors."""
    found = ((pattern.search(str(error)), words) for pattern, words in _LACKING)
    return next((words.format(**one.groupdict()) for one, words in found if one), None)


def reason_of(error: Exception) -> str:
    """Return why something failed, on one line, without the code and the nodes around it."""
    known = lacking(error)
    if known is not None:
        return known
    text = str(error) or type(error).__name__
    wrapped = next((found for one in _WRAPPERS if (found := one.search(text))), None)
    words = " ".join(_NODES.sub("", wrapped["reason"] if wrapped else text).split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rsplit(' ', 1)[0]} ..."


class ExportError(Exception):
    """The base class. The message is one line that says what is wrong or what to do."""


class FontsMissing(ExportError):
    """Fonts that training needs are not installed."""


class CheckpointError(ExportError):
    """A checkpoint is missing, unreadable or does not fit the model."""


class SourceError(ExportError):
    """A trained model cannot be read, or does not match the options."""


class ServerError(ExportError):
    """A model server does not start, answer or load a version."""


class PublishError(ExportError):
    """A version cannot be published or removed."""


class DamagedVersion(PublishError):
    """A file of a version is missing, unexpected or has different contents."""


class ReleaseError(ExportError):
    """A label cannot be moved, or the release state cannot be read."""


class RolledBack(ReleaseError):
    """A canary was taken back, because it is worse than the version in use or cannot be judged."""


class ContractError(ExportError):
    """A SavedModel, loaded back, breaks the model contract."""


class RegressionFound(ExportError):
    """A version's answers differ too much from those that an earlier one gave to users."""
