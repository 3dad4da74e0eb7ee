"""One TensorFlow Session and Graph: where a version of a model runs.

A V1 Session is used because it loads every SavedModel that TensorFlow Serving loads. Runs go
through the call that `Session.run` itself makes last: `Session.run` checks placeholder shapes,
which TensorFlow Serving leaves to the operations, and words its errors differently. That call is
private, so TensorFlow is held to one minor version, and `_make_callable_from_options` is the way
back should it go away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from modelserver.codec.dtypes import Array
from modelserver.status import Code, ServingError, invalid

try:
    from tensorflow.python.client import pywrap_tf_session as _c_api

    _DIRECT = hasattr(tf.compat.v1.Session, "_call_tf_sessionrun")
except ImportError:
    _DIRECT = False

_Names = tuple[str, ...]


class GraphSession:
    """A Session over its own Graph. `run` may be called from any number of threads.

    Attributes:
        session: the `tf.compat.v1.Session`; its graph must be complete before `seal`.
    """

    def __init__(self, config: Any) -> None:
        self.session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
        self._outputs: dict[str, Any] = {}
        self._callables: dict[tuple[_Names, _Names], Callable[..., Sequence[Any]]] = {}

    def seal(self) -> None:
        """Hand the finished graph to the runtime, once, so that runs need not look again."""
        if _DIRECT:
            self.session._extend_graph()

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], timeout_s: float | None
    ) -> list[Any]:
        """Run the graph once.

        Args:
            feeds: tensor name -> array.
            fetches: tensor names; sort them, for each order of them is compiled anew.
            timeout_s: after how many seconds the run is cancelled; None for never.

        Returns:
            One ndarray, numpy scalar or bytes for each fetch.

        Raises:
            ServingError: with TensorFlow's own code and words.
        """
        try:
            if _DIRECT:
                return self._run_directly(feeds, fetches, timeout_s)
            return self._run_callable(feeds, fetches)
        except tf.errors.OpError as error:
            raise ServingError(Code(error.error_code), error.message) from None
        except UnicodeDecodeError as error:
            # TensorFlow quotes the input in its words, and Python cannot read them; the code is
            # lost with them, but only an input can hold such bytes.
            raise invalid(error.object.decode(errors="replace")) from None

    def close(self) -> None:
        """Free the graph and its variables. No run may be under way: it would be cancelled."""
        graph = self.session.graph
        self.session.close()
        self._outputs.clear()
        self._callables.clear()
        _break_cycles(graph)

    def _run_directly(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], timeout_s: float | None
    ) -> list[Any]:
        feed_handles = {self._output(name, "Feed"): value for name, value in feeds.items()}
        fetch_handles = [self._output(name, "Fetch") for name in fetches]
        if timeout_s is None:
            return self.session._call_tf_sessionrun(None, feed_handles, fetch_handles, [], None)
        options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, int(timeout_s * 1000)))
        buffer = _c_api.TF_NewBufferFromString(options.SerializeToString())
        try:
            return self.session._call_tf_sessionrun(buffer, feed_handles, fetch_handles, [], None)
        finally:
            _c_api.TF_DeleteBuffer(buffer)

    def _run_callable(self, feeds: Mapping[str, Array], fetches: Sequence[str]) -> list[Any]:
        names = tuple(feeds)
        key = (names, tuple(fetches))
        if key not in self._callables:
            options = config_pb2.CallableOptions(feed=names, fetch=fetches)
            self._callables[key] = self.session._make_callable_from_options(options)
        return list(self._callables[key](*(feeds[name] for name in names)))

    def _output(self, name: str, role: str) -> Any:
        handle = self._outputs.get(name)
        if handle is None:
            try:
                handle = self.session.graph.as_graph_element(name)._as_tf_output()
            except (KeyError, ValueError, TypeError, AttributeError):
                raise invalid(f"{role} of tensor {name!r}, which is not in the graph") from None
            self._outputs[name] = handle
        return handle


def _break_cycles(graph: Any) -> None:
    """Free a graph's Python objects now: they form cycles, and a collection stops all threads."""
    try:
        from tensorflow.python.framework.ops import dismantle_graph
    except ImportError:  # only tidiness is lost: the collector comes round in time
        return
    dismantle_graph(graph)
