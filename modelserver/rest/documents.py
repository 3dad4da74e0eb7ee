"""JSON documents as clients send them: parsed, and quoted in errors."""

from __future__ import annotations

import json
from typing import Any

from modelserver.status import ServingError, invalid

MAX_QUOTE = 256

# The parser's words -> those of the parser in the real server.
_WORDS = {
    "Expecting value": "Invalid value.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Illegal trailing comma before end of object": "Missing a name for object member.",
    "Illegal trailing comma before end of array": "Invalid value.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Expecting ',' delimiter": "Missing a comma or a closing bracket.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
}
_DECODER = json.JSONDecoder()
_TYPES = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}


def parse(body: bytes) -> dict[str, Any]:
    """The object that a request's body is. NaN and Infinity are numbers here.

    Raises:
        ServingError: INVALID_ARGUMENT if it is not one.
    """
    text = body.decode(errors="surrogateescape")
    start = len(text) - len(text.lstrip())
    if start == len(text):
        raise invalid("JSON Parse error: The document is empty")
    try:
        document, _ = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        words = _WORDS.get(error.msg, error.msg)
        raise invalid(f"JSON Parse error: {words} at offset: {error.pos}") from None
    except RecursionError:
        raise invalid("JSON Parse error: nested too deeply") from None
    except ValueError as error:  # a number with thousands of digits
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise wrong(document, "Is not object")
    return document


def signature_name(document: dict[str, Any]) -> str:
    """The signature that a document asks for, empty for the default."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise wrong(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return name


def wrong(value: Any, what: str) -> ServingError:
    """An error about a value, which is quoted."""
    return invalid(f"JSON Value: {quote(value)} {what}")


def quote(value: Any) -> str:
    """A value for an error's text, cut short if it is long."""
    parts: list[str] = []
    length = 0
    for part in json.JSONEncoder(ensure_ascii=False).iterencode(value):
        parts.append(part)
        length += len(part)
        if length >= MAX_QUOTE:
            break
    return "".join(parts).encode(errors="replace").decode()[:MAX_QUOTE]


def type_name(value: Any) -> str:
    """The name of a JSON value's type."""
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "True" if value else "False"
    return _TYPES[type(value)]


def to_bytes(text: str) -> bytes:
    """A JSON string as the bytes that it stood for, valid UTF-8 or not."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair, written as an escape
        return text.encode(errors="surrogatepass")
