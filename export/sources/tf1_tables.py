"""Lookup tables of a TensorFlow 1 graph, such as the names of its classes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import tensorflow as tf

from export.errors import SourceError, reason_of
from export.sources.subgraph import extract

_TABLES = ("HashTableV2", "MutableHashTableV2", "MutableDenseHashTableV2")
_INITIALIZERS = ("InitializeTableV2", "InitializeTableFromTextFileV2", "LookupTableImportV2")


def initialize(session: Any, needed: Collection[str]) -> None:
    """Fill the tables among the ``needed`` nodes. Raise ``SourceError`` if one has no contents."""
    for table in _tables(session.graph):
        if table.name not in needed:
            continue
        fillings = [one for one in table.outputs[0].consumers() if one.type in _INITIALIZERS]
        if not fillings:
            raise SourceError(
                f"the graph has no contents for its lookup table {table.name}; name tensors before "
                "it with --outputs, and pass the texts with --labels"
            )
        try:
            session.run(fillings)
        except tf.errors.OpError as error:
            raise SourceError(
                f"cannot fill the lookup table {table.name}: {reason_of(error)}"
            ) from None


def copies(
    session: Any, definition: Any, ends: Collection[str], fed: Mapping[str, tf.DType]
) -> dict[str, Any]:
    """Return a table with the same contents for each that ``ends`` need, by its tensor's name.

    ``definition``: the session's ``GraphDef``. ``ends`` and ``fed`` are as in ``extract``.
    """
    tables = {table.name: table for table in _tables(session.graph)}
    if not tables:
        return {}
    part, _ = extract(definition, ends, fed)
    needed = [tables[node.name] for node in part.node if node.name in tables]
    return {table.outputs[0].name: _copy(session, table) for table in needed}


def _tables(graph: Any) -> Iterator[Any]:
    return (one for one in graph.get_operations() if one.type in _TABLES)


def _copy(session: Any, table: Any) -> Any:
    types = table.get_attr("key_dtype"), table.get_attr("value_dtype")
    with session.graph.as_default():
        contents = tf.raw_ops.LookupTableExportV2(
            table_handle=table.outputs[0], Tkeys=types[0], Tvalues=types[1]
        )
    keys, values = session.run(tuple(contents))
    with tf.init_scope():
        initializer = tf.lookup.KeyValueTensorInitializer(
            tf.constant(keys, types[0]), tf.constant(values, types[1])
        )
        # Each look-up in the graph brings its own default value.
        return tf.lookup.StaticHashTable(initializer, tf.zeros([], types[1]))
