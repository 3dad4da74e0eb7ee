"""A version's directory on disk -> a session that runs it.

A directory that is not finished is told apart from one that is broken, so that it is never served
and is looked at again when the rest arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from modelserver.execution import completeness, side_effects
from modelserver.execution.completeness import Incomplete
from modelserver.execution.graph_session import GraphSession
from modelserver.status import Code, ServingError


class SavedModel(NamedTuple):
    """A graph that is ready to run.

    session: runs it. signatures: its SignatureDefs by name. changing: the names of those that
    change what later calls see.
    """

    session: GraphSession
    signatures: dict[str, Any]
    changing: frozenset[str]


def load(path: str, tags: Sequence[str], config: Any) -> SavedModel:
    """Load a SavedModel: graph, variables, assets and tables.

    Args:
        path: the version's directory.
        tags: the tags of the graph to load, all of them and no others.
        config: the session's ConfigProto.

    Raises:
        Incomplete: files are missing or cut short, or arrived during the load.
        ServingError: it cannot be loaded.
    """
    before = completeness.fingerprint(path)
    completeness.check(path, tags)
    graph_session = GraphSession(config)
    try:
        meta_graph = _restore(graph_session, path, tags)
        if completeness.fingerprint(path) != before:
            raise Incomplete("files changed while they were read")
        graph_session.seal()
    except BaseException:
        graph_session.close()
        raise
    return SavedModel(
        graph_session, dict(meta_graph.signature_def), side_effects.changing(meta_graph)
    )


def _restore(graph_session: GraphSession, path: str, tags: Sequence[str]) -> Any:
    try:
        return tf.compat.v1.saved_model.load(graph_session.session, list(tags), path)
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise Incomplete(f"the variables are cut short: {_reason(error.message)}") from None
    except tf.errors.OpError as error:
        raise ServingError(Code(error.error_code), _reason(error.message)) from None
    except Exception as error:
        raise ServingError(Code.INVALID_ARGUMENT, f"{type(error).__name__}: {error}") from None


def _reason(message: str) -> str:
    """The line that says what happened, without the heading and the graph's nodes around it."""
    lines = [line.strip() for line in message.removeprefix("Graph execution error:").splitlines()]
    return next((line for line in lines if line), "unknown")
