"""Forms with files (``multipart/form-data``, RFC 7578).

Header names, media types and parameter names are matched regardless of case, as HTTP requires.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value

from server.core.errors import BadMessage

# A part takes a tenth of a millisecond, however small it is.
MAX_PARTS = 32
MAX_HEADER_BYTES = 8192
# Of all parts together, and of one header: the parser's time grows with the square of these.
MAX_HEADERS_BYTES = 32 * 1024
MAX_SEMICOLONS = 32
# Those of RFC 8187. Python knows a hundred more, and takes a tenth of a second for some of them.
_CHARSETS = ("utf-8", "iso-8859-1", "us-ascii")

_LINE_FEED = re.compile(rb"[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. ``filename``: empty if the field is not a file."""

    name: str
    filename: str
    content: bytes


def is_form(content_type: str) -> bool:
    """Return whether a Content-Type announces such a form."""
    return _header(content_type).get_content_type() == "multipart/form-data"


def parse_form(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a form. Raises BadMessage."""
    boundary = _parameter(_header(content_type), "Content-Type", "boundary").rstrip()
    if not boundary or not boundary.isascii():
        raise _broken("Content-Type has no boundary, or one that is not ASCII")
    delimiter = b"--" + boundary.encode()
    parts = list(_parts(delimiter, body, _line_break(delimiter, body)))
    if sum(len(head) for head, _ in parts) > MAX_HEADERS_BYTES:
        raise _broken(f"its parts have more than {MAX_HEADERS_BYTES} bytes of headers")
    return [_part(head, content) for head, content in parts]


def _line_break(delimiter: bytes, body: bytes) -> bytes:
    """Return how the form ends its lines, as its first boundary shows.

    That is CRLF. Forms that were put together by hand, or in a text file, have LF.
    """
    return b"\n" if _LINE_FEED.match(body, body.find(delimiter) + len(delimiter)) else b"\r\n"


def _header(content_type: str) -> Message:
    message = Message()
    message["Content-Type"] = content_type
    return message


def _parts(delimiter: bytes, body: bytes, end: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the headers and the content of each part. Nothing but these is copied."""
    # The first boundary may be the first line, and others follow a line break.
    at = len(delimiter) if body.startswith(delimiter) else _after(end + delimiter, body, 0)
    for _ in range(MAX_PARTS):
        if body.startswith(b"--", at):
            return
        following = _after(end + delimiter, body, at)
        stop = following - len(end + delimiter)
        head = body.find(end, at, stop)
        if head < 0:
            raise _broken("a part has no headers")
        if body[at:head].strip(b" \t"):
            raise _broken("text follows a boundary on the same line")
        # A part without headers starts with the empty line.
        content = body.find(end + end, head, stop)
        if content < 0 or content - head > MAX_HEADER_BYTES:
            raise _broken("a part has no headers, or too many")
        yield body[head:content], body[content + len(end + end) : stop]
        at = following
    if not body.startswith(b"--", at):
        raise _broken(f"more than {MAX_PARTS} parts")


def _after(delimiter: bytes, body: bytes, at: int) -> int:
    """Return where the next delimiter ends. Raises BadMessage."""
    start = body.find(delimiter, at)
    if start < 0:
        raise _broken("the final boundary is missing")
    return start + len(delimiter)


def _part(head: bytes, content: bytes) -> Part:
    # Some clients write a file's name in the encoding of their system; nothing depends on it.
    headers = HeaderParser().parsestr(head.decode("utf-8", "replace").lstrip("\r\n"))
    name = _parameter(headers, "Content-Disposition", "name")
    if headers.get_content_disposition() != "form-data" or not name:
        raise _broken('a part has no "Content-Disposition: form-data" with a name')
    return Part(name, _parameter(headers, "Content-Disposition", "filename"), content)


def _parameter(headers: Message, header: str, name: str) -> str:
    """Return a header's parameter, empty if it has none. Raises BadMessage."""
    if headers.get(header, "").count(";") > MAX_SEMICOLONS:
        raise _broken(f"a {header} has more than {MAX_SEMICOLONS} semicolons")
    try:
        value = headers.get_param(name, "", header)
    except Exception:  # the parser of RFC 2231's parts raises anything on broken ones
        raise _broken(f"the parameters of a {header} cannot be read") from None
    if isinstance(value, tuple) and (value[0] or "us-ascii").lower() not in _CHARSETS:
        raise _broken(f"the parameters of a {header} cannot be read")
    return collapse_rfc2231_value(value)


def _broken(reason: str) -> BadMessage:
    return BadMessage(f"broken multipart body: {reason}")
