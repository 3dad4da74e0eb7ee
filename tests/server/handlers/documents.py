"""The documents that the gateway serves at /docs, and what does not agree with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FOLDER = Path(__file__).resolve().parents[3] / "static" / "docs"
DOCUMENTS: dict[str, Any] = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")
}
ASYNCAPI, OPENAPI = DOCUMENTS["asyncapi.json"], DOCUMENTS["openapi.json"]
DEFS = DOCUMENTS["schemas.json"]["$defs"]
Schema = dict[str, Any]

_REGISTRY: Any = Registry().with_resources(
    [(name, DRAFT202012.create_resource(document)) for name, document in DOCUMENTS.items()]
)
_COMBINED = ("allOf", "anyOf", "oneOf")


def _in_msgpack(validator: Any, types: Any, value: Any, schema: Schema) -> Iterator[Any]:
    """``type`` in msgpack, where a field may be ``bin`` instead of text."""
    if isinstance(value, bytes) and schema.get("x-msgpack") == "bin":
        return
    if isinstance(value, str) and "contentEncoding" in schema:
        yield ValidationError("text where msgpack has bin")
        return
    yield from Draft202012Validator.VALIDATORS["type"](validator, types, value, schema)


_VALIDATORS = {
    True: Draft202012Validator,
    False: extend(Draft202012Validator, {"type": _in_msgpack}),
}


def definition(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"schemas.json#/$defs/{name}"}


def invalid(value: Any, schema: Schema, text: bool = True) -> list[str]:
    """What is wrong with a value, in JSON or (``text=False``) in msgpack."""
    errors = _VALIDATORS[text](schema, registry=_REGISTRY).iter_errors(value)
    return [f"{error.json_path}: {error.message}" for error in errors]


def resolved(schema: Schema, document: str = "schemas.json") -> Schema:
    """What a reference leads to; any other schema as it is."""
    if "$ref" not in schema:
        return schema
    file, _, pointer = schema["$ref"].partition("#")
    node = DOCUMENTS[file or document]
    for part in pointer.strip("/").split("/"):
        node = node[part.replace("~1", "/")]
    return resolved(node, file or document)


def properties(schema: Schema) -> dict[str, Schema]:
    """The fields that a schema documents, with those of the schemas it combines."""
    schema = resolved(schema)
    fields = dict(schema.get("properties", {}))
    for part in (part for kind in _COMBINED for part in schema.get(kind, ())):
        fields.update(properties(part))
    return fields


def _keyword(schema: Schema, name: str) -> Schema | None:
    """A keyword of a schema, or of one of those that it combines."""
    schema = resolved(schema)
    if name in schema:
        found: Schema = schema[name]
        return found
    parts = (part for kind in _COMBINED for part in schema.get(kind, ()))
    return next((found for part in parts if (found := _keyword(part, name))), None)


def constants(name: str) -> dict[Any, Schema]:
    """The values of a definition that lists them, with what is said about each."""
    return {entry["const"]: entry for entry in DEFS[name]["oneOf"]}


def undocumented(schema: Schema, values: Sequence[Any], path: str = "$") -> Iterator[str]:
    """Yield each field of ``values``, at any depth, that the schema does not know."""
    yield from (name for name, is_known in _fields(schema, values, path) if not is_known)


def unseen(schema: Schema, values: Sequence[Any], path: str = "$") -> set[str]:
    """The documented fields, at any depth, that none of ``values`` has."""
    seen = {name for name, is_known in _fields(schema, values, path) if is_known}
    return set(_documented(schema, path)) - seen


def _fields(schema: Schema, values: Sequence[Any], path: str) -> Iterator[tuple[str, bool]]:
    """Yield each field of ``values`` by its path, and whether it is documented."""
    known, others = properties(schema), _keyword(schema, "additionalProperties")
    items = [item for value in values if isinstance(value, list) for item in value]
    if items and (schema_of_items := _keyword(schema, "items")):
        yield from _fields(schema_of_items, items, f"{path}[]")
    for name, value in (pair for map_ in values if isinstance(map_, dict) for pair in map_.items()):
        if name in known or others is None:
            yield f"{path}.{name}", name in known
        if inner := known.get(name, others):
            yield from _fields(inner, [value], f"{path}.{name}" if name in known else f"{path}.*")


def _documented(schema: Schema, path: str) -> Iterator[str]:
    """Yield the path of each documented field."""
    for name, inner in properties(schema).items():
        yield f"{path}.{name}"
        yield from _documented(inner, f"{path}.{name}")
    for keyword, step in (("items", "[]"), ("additionalProperties", ".*")):
        if inner_schema := _keyword(schema, keyword):
            yield from _documented(inner_schema, path + step)
