"""Log records as lines: text for people, JSON for programs.

One event is one line, whatever clients put into it: control characters are escaped and long
values cut. Of bytes only the number is shown, so no picture gets into the log, and what looks
like a token is hidden.

A record's fields are the named arguments of its message::

    log.info("model %(model)s: version %(version)d", {"model": key, "version": 3})
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from server.core.amounts import amount

LONGEST_MESSAGE = 2000
LONGEST_VALUE = 500
LONGEST_TRACEBACK = 10_000

# Signed tokens: three parts in base64url, the first of which is a JSON object.
_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?")


class TextFormatter(logging.Formatter):
    """Time, level, logger and message. A traceback follows in indented lines."""

    def __init__(self, worker: int | None = None) -> None:
        origin = "" if worker is None else f"worker {worker} "
        super().__init__(f"%(asctime)s %(levelname)s {origin}%(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        record.message = _one_line(record.getMessage(), LONGEST_MESSAGE)
        record.asctime = self.formatTime(record, self.datefmt)
        line = self.formatMessage(record)
        indented = "".join(f"\n    {_one_line(one)}" for one in _traceback(self, record))
        return line + indented


class JSONFormatter(logging.Formatter):
    """One JSON object: ``time``, ``level``, ``logger``, ``message``, ``source`` and the fields.

    In one of several processes also ``worker``, its number.
    """

    def __init__(self, worker: int | None = None) -> None:
        super().__init__()
        self._origin = {} if worker is None else {"worker": worker}

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object, in ASCII."""
        traceback = "\n".join(_traceback(self, record))
        event = {
            **{name: _plain(value) for name, value in _fields(record).items()},
            **self._origin,
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _clean(record.getMessage(), LONGEST_MESSAGE),
            "source": f"{record.pathname}:{record.lineno}",
        }
        if traceback:
            event["exception"] = _clean(traceback, LONGEST_TRACEBACK)
        return json.dumps(event)


FORMATS: Mapping[str, Callable[[int | None], logging.Formatter]] = {
    "text": TextFormatter,
    "json": JSONFormatter,
}


def _timestamp(record: logging.LogRecord) -> str:
    """Return when it happened, in UTC, as RFC 3339 has it."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    fields = getattr(record, "fields", record.args)
    return fields if isinstance(fields, Mapping) else {}


def _plain(value: object) -> object:
    """Return a field's value as JSON has it: numbers as they are, all else as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{amount(len(value), 'byte')}>"
    return _clean(str(value), LONGEST_VALUE)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    if not record.exc_info:
        return []
    text = _clean(formatter.formatException(record.exc_info), None)
    return text[-LONGEST_TRACEBACK:].splitlines()


def _clean(text: str, longest: int | None) -> str:
    """Return ``text`` without tokens, cut to ``longest`` characters."""
    text = _TOKEN.sub("[token]", text)
    if longest is None or len(text) <= longest:
        return text
    return f"{text[:longest]}... ({len(text)} characters)"


def _one_line(text: str, longest: int | None = None) -> str:
    """Return ``text`` cleaned, with everything escaped that is not printable."""
    text = _clean(text, longest)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
