"""Load a version's directory into a session.

An incomplete directory is distinguished from a broken one, so that it is never served and is loaded
as soon as the rest arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from modelserver.execution import completeness, side_effects
from modelserver.execution.completeness import Incomplete
from modelserver.execution.graph_session import GraphSession
from modelserver.status import Code, ServingError
from modelserver.tensorflow_parts import SavedModelLoader, errors


class SavedModel(NamedTuple):
    """A loaded graph.

    ``session`` runs it. ``signatures`` maps names to SignatureDefs. ``changing`` names the
    signatures that change the model's state.
    """

    session: GraphSession
    signatures: dict[str, Any]
    changing: frozenset[str]


def load(path: str, tags: Sequence[str], config: Any) -> SavedModel:
    """Load a SavedModel: graph, variables, assets and tables.

    ``tags`` must be exactly the tags of the graph to load. ``config`` is the session's ConfigProto.

    Raise ``Incomplete`` if files are missing or truncated, or change during the load, and
    ``ServingError`` if the model cannot be loaded.
    """
    before = completeness.fingerprint(path)
    completeness.check(path, tags)
    graph_session = GraphSession(config)
    try:
        meta_graph = _restore(graph_session, path, tags)
        if completeness.fingerprint(path) != before:
            raise Incomplete("files changed during the load")
        graph_session.seal()
    except BaseException:
        graph_session.close()
        raise
    return SavedModel(graph_session, _signatures(meta_graph), side_effects.changing(meta_graph))


def _signatures(meta_graph: Any) -> dict[str, Any]:
    """Return copies: a part of a message keeps the whole of it in memory, with all constants."""
    return {name: _copy(signature) for name, signature in meta_graph.signature_def.items()}


def _copy(message: Any) -> Any:
    copied = type(message)()
    copied.CopyFrom(message)
    return copied


def _restore(graph_session: GraphSession, path: str, tags: Sequence[str]) -> Any:
    try:
        loader = SavedModelLoader(path)
        # TensorFlow Serving pays no heed to this version; Python fails if it cannot parse it.
        meta_graph = loader.get_meta_graph_def_from_tags(tags)
        meta_graph.meta_info_def.ClearField("tensorflow_version")
        return loader.load(graph_session.session, list(tags))
    except (errors.DataLossError, errors.OutOfRangeError) as error:
        raise Incomplete(f"the variables are truncated: {_reason(error.message)}") from None
    except errors.OpError as error:
        raise ServingError(Code(error.error_code), _reason(error.message)) from None
    except Exception as error:
        raise ServingError(Code.INVALID_ARGUMENT, f"{type(error).__name__}: {error}") from None


def _reason(message: str) -> str:
    """Return the line of TensorFlow's message that states the reason, without the heading and the
    list of nodes.
    """
    lines = [line.strip() for line in message.removeprefix("Graph execution error:").splitlines()]
    return next((line for line in lines if line), "unknown")
