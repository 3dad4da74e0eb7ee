"""JSON documents as clients send them: parsed, and quoted in errors."""

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
_STRING_OR_INF = re.compile(r'"(?:[^"\\]|\\.)*"|\bInf\b')
_TYPES = {dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}


def parse(body: bytes) -> dict[str, Any]:
    """The object that a request's body is. NaN, Inf and Infinity are numbers here.

    Raises:
        ServingError: INVALID_ARGUMENT if it is not one.
    """
    text = body.removeprefix(BOM_UTF8).decode(errors="surrogateescape")
    try:
        document = _decode(text)
    except json.JSONDecodeError as error:
        document = _decode_inf(text, error)
    except RecursionError:
        raise invalid("JSON Parse error: nested too deeply") from None
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
    return _DECODER.raw_decode(text, start)[0]


def _decode_inf(text: str, error: json.JSONDecodeError) -> Any:
    """Once more, with Inf as Python's parser knows it."""
    if text.startswith(("Inf", "-Inf"), error.pos):
        with suppress(json.JSONDecodeError):
            return _decode(_STRING_OR_INF.sub(_spell_out, text))
    words = _WORDS.get(error.msg, error.msg)
    raise invalid(f"JSON Parse error: {words} at offset: {error.pos}") from None


def _spell_out(match: re.Match[str]) -> str:
    return "Infinity" if match[0] == "Inf" else match[0]


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
    """A value for an error's text, laid out as the real server does, cut short if it is long."""
    parts: list[str] = []
    length = 0
    for part in _pieces(value, 0):
        parts.append(part)
        length += len(part)
        if length >= MAX_QUOTE:
            break
    return "".join(parts).encode(errors="replace").decode()[:MAX_QUOTE]


def _pieces(value: Any, indent: int) -> Iterator[str]:
    """The members of an object in lines of their own, a list in one."""
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
