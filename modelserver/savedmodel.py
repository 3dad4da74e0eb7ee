"""A version's directory on disk -> a `Model` that answers.

A directory that is not finished (files still on their way) is told apart from one that is broken,
so that it is never served and is looked at again when the rest arrives.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from modelserver.graphsession import GraphSession
from modelserver.status import Code, ServingError

_GRAPH_FILES = ("saved_model.pb", "saved_model.pbtxt", "saved_model.cpb")
_VARIABLE_OPS = {"VarHandleOp", "VariableV2", "Variable"}
Fingerprint = tuple[tuple[str, int, int], ...]


class Incomplete(ServingError):
    """Files of the version are missing or cut short; more may be on their way."""

    def __init__(self, what: str) -> None:
        super().__init__(Code.FAILED_PRECONDITION, f"incomplete: {what}")


def fingerprint(path: str) -> Fingerprint:
    """Name, size in bytes and time of change of every file below a directory.

    Two equal fingerprints mean that nothing was added, grew or was replaced in between.
    """
    found = []
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                status = os.stat(os.path.join(folder, name))
            except OSError:  # gone in this moment: another fingerprint next time
                continue
            found.append((os.path.join(folder, name), status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


def load(path: str, tags: Sequence[str], config: Any) -> tuple[GraphSession, dict[str, Any]]:
    """Load a SavedModel: graph, variables, assets and tables.

    Args:
        path: the version's directory.
        tags: the tags of the graph to load, all of them and no others.
        config: the session's ConfigProto.

    Returns:
        The session, ready to run, and the SignatureDefs by name.

    Raises:
        Incomplete: files are missing or cut short, or arrived during the load.
        ServingError: it cannot be loaded.
    """
    before = fingerprint(path)
    if not any(os.path.exists(os.path.join(path, name)) for name in _GRAPH_FILES):
        raise Incomplete("saved_model.pb is missing")
    graph_session = GraphSession(config)
    try:
        meta_graph = _restore(graph_session, path, tags)
        _check_variables(path, meta_graph)
        if fingerprint(path) != before:
            raise Incomplete("files changed while they were read")
    except BaseException:
        graph_session.close()
        raise
    graph_session.seal()
    return graph_session, dict(meta_graph.signature_def)


def _restore(graph_session: GraphSession, path: str, tags: Sequence[str]) -> Any:
    try:
        return tf.compat.v1.saved_model.load(graph_session.session, list(tags), path)
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise Incomplete(error.message) from None
    except tf.errors.NotFoundError as error:
        # A file named by the graph or the variables' index; what else is not found is broken.
        raise (Incomplete(error.message) if path in error.message else _failed(error)) from None
    except OSError as error:  # saved_model.pb is no protocol buffer: cut short, as a rule
        raise Incomplete(str(error)) from None
    except Exception as error:
        raise _failed(error) from None


def _failed(error: Exception) -> ServingError:
    if isinstance(error, tf.errors.OpError):
        return ServingError(Code(error.error_code), error.message)
    if isinstance(error, RuntimeError):  # no graph with these tags
        return ServingError(Code.NOT_FOUND, str(error))
    return ServingError(Code.INVALID_ARGUMENT, f"{type(error).__name__}: {error}")


def _check_variables(path: str, meta_graph: Any) -> None:
    """TensorFlow loads a graph without its variables gladly, and then fails each call."""
    if not meta_graph.saver_def.restore_op_name or not _has_variables(meta_graph):
        return
    if not os.path.exists(os.path.join(path, "variables", "variables.index")):
        raise Incomplete("variables/variables.index is missing")


def _has_variables(meta_graph: Any) -> bool:
    return any(node.op in _VARIABLE_OPS for node in meta_graph.graph_def.node)
