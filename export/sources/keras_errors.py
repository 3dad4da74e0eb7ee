"""Turn Keras's long messages into one line: the last cause, and what to do about it."""

from __future__ import annotations

import re

_CAUSE = re.compile(r"Exception encountered(?: when calling [^\n]*)?:?\s+")
_MARKUP = re.compile(r"\x1b\[\d*m|\{\{function_node [^}]*\}\} ?")
_NOISE = re.compile(
    r"\s*(Full object config|(Call a|A)rguments received by|Please ensure|Make sure) .*"
)
_UNKNOWN = re.compile(
    r"(?:Could not (?:locate|deserialize) (?:class|function)?|Unknown (?:layer|\w+ function):) ?"
    r"['\"]?(?:[\w>.]*[>.])?(\w+)"
)
_LONGEST = 300

BUILD = "build the model in a function of yours and pass it with --model package.module:function"
"""The next step that serves for any file whose weights can be read."""


def reason(error: BaseException) -> str:
    """Return the last cause of the error on one line, without the configuration it quotes."""
    cause = _CAUSE.split(_MARKUP.sub("", str(error)))[-1]
    unknown = _UNKNOWN.search(cause)
    if unknown:
        return f"Keras knows no {unknown[1]}"
    text = _NOISE.sub("", " ".join(cause.split()))
    if not text:
        return type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rsplit(' ', 1)[0]} ..."


def mismatch(error: BaseException) -> str:
    """Return which variable or layer does not fit its weights."""
    message = str(error)
    shapes = re.search(r"variable\.shape=(\(.*?\)), Received: value\.shape=(\(.*?\))", message)
    name = re.search(r"<Variable path=([^,>]+)", message)
    if shapes and name:
        return f"{name[1]} is {shapes[1]} in the model and {shapes[2]} in the file"
    counts = re.search(r"Layer '(.+?)' expected (\d+) variables, but received (\d+)", message)
    if counts:
        return (
            f"layer {counts[1]} has {counts[2]} variables in the model and {counts[3]} in the file"
        )
    return reason(error)
