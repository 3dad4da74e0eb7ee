"""A TensorFlow session and graph: the runtime of one version of a model.

The session is a V1 ``Session``, because that loads every SavedModel that TensorFlow Serving loads.
Runs bypass ``Session.run`` and use the private method it ends in: ``Session.run`` checks
placeholder shapes, which TensorFlow Serving leaves to the operations, and words errors differently.
Because the method is private, setup.cfg pins TensorFlow to one minor version;
``_make_callable_from_options`` is the fallback if the method disappears.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelserver.codec.dtypes import Array
from modelserver.status import Code, ServingError, invalid
from modelserver.tensorflow_parts import (
    CallableOptions,
    Graph,
    RunOptions,
    Session,
    c_api,
    dismantle_graph,
    errors,
)

_DIRECT = hasattr(Session, "_call_tf_sessionrun")
_NO_FEED = "FeedInputs: unable to find feed output {}"  # both in TensorFlow's words
_NO_FETCH = "FetchOutputs node {}: not found"
_Names = tuple[str, ...]


class GraphSession:
    """A session over its own graph. Call ``run`` from any number of threads.

    ``session`` is the TensorFlow session; complete its graph before calling ``seal``.
    """

    def __init__(self, config: Any) -> None:
        self.session = Session(graph=Graph(), config=config)
        self._outputs: dict[str, Any] = {}
        self._callables: dict[tuple[_Names, _Names], Callable[..., Sequence[Any]]] = {}

    def seal(self) -> None:
        """Hand the finished graph to the runtime once, so that runs skip looking for new nodes."""
        if _DIRECT:
            self.session._extend_graph()

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], timeout_s: float | None
    ) -> list[Any]:
        """Run the graph once and return an ndarray, numpy scalar or bytes for each fetch.

        ``feeds`` maps tensor names to arrays. ``fetches`` are tensor names; sort them, because
        TensorFlow compiles each order separately. ``timeout_s`` cancels the run after that many
        seconds; ``None`` means never.

        Raise ``ServingError`` with TensorFlow's code and message.
        """
        try:
            if _DIRECT:
                return self._run_directly(feeds, fetches, timeout_s)
            return self._run_callable(feeds, fetches)
        except errors.OpError as error:
            raise ServingError(Code(error.error_code), error.message) from None
        except UnicodeDecodeError as error:
            # TensorFlow's message quotes an input that is not UTF-8, so Python cannot decode it
            # and the code is lost. Only a request can contain such bytes, so it is to blame.
            raise invalid(error.object.decode(errors="replace")) from None

    def close(self) -> None:
        """Free the graph and its variables. Wait for all runs first: closing cancels them."""
        graph = self.session.graph
        self.session.close()
        self._outputs.clear()
        self._callables.clear()
        # Its Python objects form cycles, and a garbage collection would pause all threads.
        dismantle_graph(graph)

    def _run_directly(
        self, feeds: Mapping[str, Array], fetches: Sequence[str], timeout_s: float | None
    ) -> list[Any]:
        feed_handles = {self._output(name, _NO_FEED): value for name, value in feeds.items()}
        fetch_handles = [self._output(name, _NO_FETCH) for name in fetches]
        call: Callable[..., list[Any]] = self.session._call_tf_sessionrun
        if timeout_s is None:
            return call(None, feed_handles, fetch_handles, [], None)
        options = RunOptions(timeout_in_ms=max(1, int(timeout_s * 1000)))
        buffer = c_api.TF_NewBufferFromString(options.SerializeToString())
        try:
            return call(buffer, feed_handles, fetch_handles, [], None)
        finally:
            c_api.TF_DeleteBuffer(buffer)

    def _run_callable(self, feeds: Mapping[str, Array], fetches: Sequence[str]) -> list[Any]:
        names = tuple(feeds)
        key = (names, tuple(fetches))
        if key not in self._callables:
            options = CallableOptions(feed=names, fetch=fetches)
            self._callables[key] = self.session._make_callable_from_options(options)
        return list(self._callables[key](*(feeds[name] for name in names)))

    def _output(self, name: str, missing: str) -> Any:
        handle = self._outputs.get(name)
        if handle is None:
            try:
                handle = self.session.graph.as_graph_element(name)._as_tf_output()
            except (KeyError, ValueError, TypeError, AttributeError):
                raise ServingError(Code.NOT_FOUND, missing.format(name)) from None
            self._outputs[name] = handle
        return handle
