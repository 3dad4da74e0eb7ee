"""Forms with files (``multipart/form-data``, RFC 7578).

Header names, media types and parameter names are matched regardless of case, as HTTP requires.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value

from server.core.errors import BadMessage

MAX_PARTS = 100
MAX_HEADER_BYTES = 8192
# Of all parts together, and of one header: the parser's time grows with the square of these.
MAX_HEADERS_BYTES = 32 * 1024
MAX_SEMICOLONS = 32


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
    boundary = _parameter(_header(content_type), "Content-Type", "boundary").rstrip().encode()
    if not boundary:
        raise _broken("Content-Type has no boundary")
    end = _line_break(boundary, body)
    sections = [_divided(section, end) for section in _sections(boundary, body, end)]
    if sum(len(head) for head, _ in sections) > MAX_HEADERS_BYTES:
        raise _broken(f"its parts have more than {MAX_HEADERS_BYTES} bytes of headers")
    return [_part(head, content) for head, content in sections]


def _line_break(boundary: bytes, body: bytes) -> bytes:
    """Return how the form ends its lines, as its first boundary shows.

    That is CRLF. Forms that were put together by hand, or in a text file, have LF.
    """
    _preamble, _boundary, rest = body.partition(b"--" + boundary)
    return b"\n" if rest.lstrip(b" \t").startswith(b"\n") else b"\r\n"


def _header(content_type: str) -> Message:
    message = Message()
    message["Content-Type"] = content_type
    return message


def _sections(boundary: bytes, body: bytes, end: bytes) -> Iterator[bytes]:
    """Yield what is between the boundaries: the headers and the content of each part."""
    # The first boundary may be the first line, and others follow a line break.
    _preamble, *sections = (end + body).split(end + b"--" + boundary, MAX_PARTS + 2)
    for number, section in enumerate(sections):
        if section.startswith(b"--"):
            return
        if number == MAX_PARTS:
            raise _broken(f"more than {MAX_PARTS} parts")
        padding, line_break, part = section.partition(end)
        if not line_break:
            break
        if padding.strip(b" \t"):
            raise _broken("text follows a boundary on the same line")
        yield part
    raise _broken("the final boundary is missing")


def _divided(section: bytes, end: bytes) -> tuple[bytes, bytes]:
    """Return a part's headers and its content."""
    # A part without headers starts with the empty line.
    head, separator, content = (end + section).partition(end + end)
    if not separator or len(head) > MAX_HEADER_BYTES:
        raise _broken("a part has no headers, or too many")
    return head, content


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
        return collapse_rfc2231_value(headers.get_param(name, "", header))
    except Exception:  # the parser of RFC 2231's parts and charsets raises anything on broken ones
        raise _broken(f"the parameters of a {header} cannot be read") from None


def _broken(reason: str) -> BadMessage:
    return BadMessage(f"broken multipart body: {reason}")
