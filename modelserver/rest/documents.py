"""JSON documents from clients: parsed, and quoted in error messages."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, repeat
from typing import Any

from modelserver.status import ServingError, invalid

MAX_QUOTE = 256

# Messages of Python's parser -> those of the real server's parser (RapidJSON).
_WORDS = {
    "Expecting value": "Invalid value.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Illegal trailing comma before end of object": "Missing a name for object member.",
    "Illegal trailing comma before end of array": "Invalid value.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Expecting ',' delimiter": "Missing a comma or a closing bracket.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
    "Invalid control character at": "Invalid encoding in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    "Invalid \\uXXXX escape": "Incorrect hex digit after \\u escape in string.",
}
_DECODER = json.JSONDecoder()
_STRING_OR_INF = re.compile(r'"(?:[^"\\]|\\.)*"|\bInf\b')
_TYPES = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}


def parse(body: bytes) -> dict[str, Any]:
    """Parse a request body into an object. NaN, Inf and Infinity are accepted as numbers.

    Raise ``ServingError`` with INVALID_ARGUMENT if it is not an object.
    """
    text = body.removeprefix(BOM_UTF8).decode(errors="surrogateescape")
    try:
        document = _decode(text)
    except RecursionError:
        raise invalid("JSON Parse error: the document is nested too deeply") from None
    except ValueError as error:  # a number with thousands of digits
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise wrong(document, "Is not object")
    return document


def _decode(text: str) -> Any:
    start = len(text) - len(text.lstrip())
    if start == len(text):
        where = f". at offset: {start}" if text else ""
        raise invalid(f"JSON Parse error: The document is empty{where}")
    try:
        return _DECODER.raw_decode(text, start)[0]
    except json.JSONDecodeError as error:
        return _decode_inf(text, start, error)


def _decode_inf(text: str, start: int, error: json.JSONDecodeError) -> Any:
    """Retry with ``Inf`` replaced by ``Infinity``, which Python's parser accepts."""
    if text.startswith(("Inf", "-Inf"), error.pos):
        with suppress(json.JSONDecodeError):
            return _DECODER.raw_decode(_STRING_OR_INF.sub(_spell_out, text), start)[0]
    words = _WORDS.get(error.msg, error.msg)
    raise invalid(f"JSON Parse error: {words} at offset: {error.pos}") from None


def _spell_out(match: re.Match[str]) -> str:
    return "Infinity" if match[0] == "Inf" else match[0]


def signature_name(document: dict[str, Any]) -> str:
    """Return the signature that a document names; empty for the default."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise wrong(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def wrong(value: Any, what: str) -> ServingError:
    """Return an error about a value, which it quotes."""
    return invalid(f"JSON Value: {quote(value)} {what}")


def quote(value: Any) -> str:
    """Format a value for an error message as TensorFlow Serving does, shortened if it is long."""
    parts: list[str] = []
    length = 0
    for part in _pieces(value, 0):
        parts.append(part)
        length += len(part)
        if length >= MAX_QUOTE:
            break
    return "".join(parts).encode(errors="replace").decode()[:MAX_QUOTE]


def _pieces(value: Any, indent: int) -> Iterator[str]:
    """Yield the text of a value: one line per object member, a list on one line."""
    deeper = indent + 4
    if isinstance(value, dict) and value:
        for start, (key, member) in zip(chain("{", repeat(",")), value.items(), strict=False):
            yield f"{start}\n{' ' * deeper}{_scalar(key)}: "
            yield from _pieces(member, deeper)
        yield f"\n{' ' * indent}}}"
    elif isinstance(value, list) and value:
        for start, element in zip(chain("[", repeat(", ")), value, strict=False):
            yield start
            yield from _pieces(element, deeper)
        yield "]"
    else:
        yield _scalar(value[:MAX_QUOTE] if isinstance(value, str) else value)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def type_name(value: Any) -> str:
    """Return the name of a JSON value's type."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "True" if value else "False"
    return _TYPES[type(value)]


def to_bytes(text: str) -> bytes:
    """Return the bytes that a JSON string was parsed from, whether or not they are UTF-8."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # an escaped lone surrogate
        return text.encode(errors="surrogatepass")
