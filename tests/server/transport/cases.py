"""What a WebSocket server must answer to what a client may send, by section of RFC 6455.

Each case is a name, the bytes that a client sends, and the WebSocket frames that an echo
server sends back. Of a close frame only the code is listed. A case that does not end
with a close frame leaves the connection open.
"""

from __future__ import annotations

from server.transport.reader import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from tests.server.raw_peer import frame
from tests.server.transport.conversation import Case, chopped, close, closed, fragments, octets

HELLO = (TEXT, b"hello")
FAILED = closed(1002)
NOT_UTF8 = closed(1007)
GREEK = "κόσμε".encode()
BAD_TEXT = GREEK + b"\xed\xa0\x80edited"

FRAMING = [
    case
    for size in (0, 1, 125, 126, 127, 128, 65_535, 65_536)
    for case in (
        Case(f"text of {size}", (frame(TEXT, b"*" * size),), ((TEXT, b"*" * size),)),
        Case(f"binary of {size}", (frame(BINARY, b"\xfe" * size),), ((BINARY, b"\xfe" * size),)),
    )
] + [
    Case(f"{size} bytes in pieces of 997", chopped(frame(opcode, b"*" * size), 997), (
        (opcode, b"*" * size),
    ))
    for opcode, size in ((TEXT, 65_536), (BINARY, 65_536))
]  # fmt: skip

PINGS = [
    Case("empty ping", (frame(PING),), ((PONG, b""),)),
    Case("ping with payload", (frame(PING, b"alive?"),), ((PONG, b"alive?"),)),
    Case("binary ping", (frame(PING, b"\x00\xff\xfe\xfd"),), ((PONG, b"\x00\xff\xfe\xfd"),)),
    Case("ping of 125", (frame(PING, b"\xfe" * 125),), ((PONG, b"\xfe" * 125),)),
    Case("ping of 125, chopped", octets(frame(PING, b"\xfe" * 125)), ((PONG, b"\xfe" * 125),)),
    Case("ping of 126", (frame(PING, bytes(126)),), (FAILED,)),
    Case("unsolicited pong", (frame(PONG),)),
    Case("unsolicited pong with payload", (frame(PONG, b"why?"),)),
    Case("pong, then ping", (frame(PONG, b"a"), frame(PING, b"b")), ((PONG, b"b"),)),
    *(
        Case(
            f"ten pings, {name}",
            pieces,
            tuple((PONG, b"%d" % number) for number in range(10)),
        )
        for name, pieces in (
            ("one by one", tuple(frame(PING, b"%d" % number) for number in range(10))),
            ("chopped", octets(b"".join(frame(PING, b"%d" % number) for number in range(10)))),
        )
    ),
]

RESERVED_BITS = [
    case
    for rsv in range(1, 8)
    for case in (
        Case(f"rsv {rsv} on text", (frame(TEXT, b"x", rsv=rsv),), (FAILED,)),
        Case(f"rsv {rsv} on ping", (frame(PING, b"x", rsv=rsv),), (FAILED,)),
        Case(f"rsv {rsv} on close", (frame(CLOSE, rsv=rsv),), (FAILED,)),
        Case(
            f"rsv {rsv} after text, before ping",
            (frame(TEXT, b"hello") + frame(TEXT, b"x", rsv=rsv) + frame(PING),),
            (HELLO, FAILED),
        ),
        Case(
            f"rsv {rsv} on a continuation, chopped",
            octets(frame(TEXT, b"a", final=False) + frame(CONTINUATION, b"b", rsv=rsv)),
            (FAILED,),
        ),
    )
]

OPCODES = [
    case
    for opcode in (*range(3, 8), *range(0xB, 0x10))
    for case in (
        Case(f"opcode {opcode}", (frame(opcode),), (FAILED,)),
        Case(f"opcode {opcode} with payload", (frame(opcode, b"payload"),), (FAILED,)),
        Case(
            f"opcode {opcode} after text, before ping",
            (frame(TEXT, b"hello") + frame(opcode, b"x") + frame(PING),),
            (HELLO, FAILED),
        ),
        Case(
            f"opcode {opcode} after text, chopped",
            octets(frame(TEXT, b"hello") + frame(opcode, b"x")),
            (HELLO, FAILED),
        ),
    )
]

MASKING = [
    Case("unmasked text", (b"\x81\x05hello",), (FAILED,)),
    Case("unmasked close", (b"\x88\x00",), (FAILED,)),
    Case("unmasked fragment", (frame(TEXT, b"a", final=False), b"\x80\x01b"), (FAILED,)),
    Case("another mask", (frame(TEXT, b"hello", mask=bytes(4)),), (HELLO,)),
]

_PINGED = frame(PING, b"pong me")
_PONGED = (PONG, b"pong me")

FRAGMENTATION = [
    Case("fragmented ping", (frame(PING, b"a", final=False), frame(CONTINUATION, b"b")), (FAILED,)),
    Case("fragmented pong", (frame(PONG, b"a", final=False), frame(CONTINUATION, b"b")), (FAILED,)),
    Case("fragmented close", (frame(CLOSE, final=False),), (FAILED,)),
    *(
        case
        for opcode in (TEXT, BINARY)
        for case in (
            Case(
                f"{opcode.name}: two fragments",
                (fragments(opcode, b"hel", b"lo"),),
                ((opcode, b"hello"),),
            ),
            Case(
                f"{opcode.name}: two fragments, chopped",
                octets(fragments(opcode, b"hel", b"lo")),
                ((opcode, b"hello"),),
            ),
            Case(
                f"{opcode.name}: a ping between",
                (fragments(opcode, b"hel", b"lo", between=_PINGED),),
                (_PONGED, (opcode, b"hello")),
            ),
            Case(
                f"{opcode.name}: pings between, chopped",
                octets(fragments(opcode, b"h", b"", b"el", b"lo", between=_PINGED)),
                (*[_PONGED] * 3, (opcode, b"hello")),
            ),
            Case(
                f"{opcode.name}: a pong between",
                (fragments(opcode, b"hel", b"lo", between=frame(PONG)),),
                ((opcode, b"hello"),),
            ),
            Case(
                f"{opcode.name}: a new message between",
                (fragments(opcode, b"hel", b"lo", between=frame(TEXT, b"no")),),
                (FAILED,),
            ),
            Case(
                f"{opcode.name}: all fragments empty",
                (fragments(opcode, b"", b"", b""),),
                ((opcode, b""),),
            ),
        )
    ),
    *(
        case
        for final in (True, False)
        for case in (
            Case(
                f"a continuation of nothing, final={final}",
                (frame(CONTINUATION, b"x", final=final), frame(TEXT, b"hello")),
                (FAILED,),
            ),
            Case(
                f"a continuation after a complete message, final={final}",
                (frame(TEXT, b"hello") + frame(CONTINUATION, b"x", final=final),),
                (HELLO, FAILED),
            ),
            Case(
                f"a continuation after the last fragment, final={final}",
                (fragments(TEXT, b"hel", b"lo"), frame(CONTINUATION, b"x", final=final)),
                (HELLO, FAILED),
            ),
        )
    ),
]

_VALID_TEXTS = {
    "ascii": b"Hello, world",
    "empty": b"",
    "greek": GREEK,
    "one to four bytes": "$£ह€한𐍈".encode(),
    "smallest of each length": "\x00\x80\u0800\U00010000".encode(),
    "largest of each length": "\x7f\u07ff\uffff\U0010ffff".encode(),
    "beside the surrogates": "\ud7ff\ue000\ufffd".encode(),
    "noncharacters": "\ufffe\uffff\U0001fffe\U0010fffe".encode(),
}
_INVALID_TEXTS = {
    "a lone continuation byte": b"\x80",
    "all continuation bytes": bytes(range(0x80, 0xC0)),
    "a lead byte at the end": b"hello \xc3",
    "a lead byte before ascii": b"\xc3 hello",
    "three of four bytes": b"\xf0\x90\x8d",
    "overlong slash, 2": b"\xc0\xaf",
    "overlong slash, 3": b"\xe0\x80\xaf",
    "overlong slash, 4": b"\xf0\x80\x80\xaf",
    "overlong null": b"\xc0\x80",
    "largest overlong, 3": b"\xe0\x9f\xbf",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "beyond the last": b"\xf4\x90\x80\x80",
    "lead byte f5": b"\xf5\x80\x80\x80",
    "fe and ff": b"\xfe\xff",
    "high surrogate": b"\xed\xa0\x80",
    "low surrogate": b"\xed\xbf\xbf",
    "a surrogate pair": b"\xed\xa0\x80\xed\xb0\x80",
    "after valid text": BAD_TEXT,
}

TEXTS = [
    *(
        case
        for name, text in _VALID_TEXTS.items()
        for case in (
            Case(f"valid: {name}", (frame(TEXT, text),), ((TEXT, text),)),
            Case(
                f"valid: {name}, a fragment per byte",
                (fragments(TEXT, b"", *octets(text)),),
                ((TEXT, text),),
            ),
            Case(f"valid: {name}, chopped", octets(frame(TEXT, text)), ((TEXT, text),)),
        )
    ),
    *(
        case
        for name, text in _INVALID_TEXTS.items()
        for case in (
            Case(f"invalid: {name}", (frame(TEXT, text),), (NOT_UTF8,)),
            Case(
                f"invalid: {name}, a fragment per byte",
                (fragments(TEXT, *octets(text), b""),),
                (NOT_UTF8,),
            ),
            Case(
                f"invalid: {name}, in two fragments around a ping",
                (fragments(TEXT, b"ok" + text[:1], text[1:], between=_PINGED),),
                # What fails in the first fragment fails before the ping.
                (NOT_UTF8,) if text[0] in b"\x80\xc0\xf5\xf8\xfc\xfe" else (_PONGED, NOT_UTF8),
            ),
            Case(f"invalid: {name}, chopped", octets(frame(TEXT, text)), (NOT_UTF8,)),
        )
    ),
    Case("bytes that are no text in a binary message", (frame(BINARY, BAD_TEXT),), (
        (BINARY, BAD_TEXT),
    )),
    Case("bytes that are no text in binary fragments", (fragments(BINARY, *octets(BAD_TEXT)),), (
        (BINARY, BAD_TEXT),
    )),
]  # fmt: skip

# The rest of these messages is never sent: the server must not wait for it.
FAIL_FAST = [
    Case("the first fragment is invalid", (frame(TEXT, BAD_TEXT, final=False),), (NOT_UTF8,)),
    Case(
        "a later fragment is invalid",
        (frame(TEXT, GREEK, final=False), frame(CONTINUATION, b"\xf4\x90", final=False)),
        (NOT_UTF8,),
    ),
    Case(
        "a character is broken across fragments",
        (frame(TEXT, b"\xf4", final=False), frame(CONTINUATION, b"\x90", final=False)),
        (NOT_UTF8,),
    ),
    Case("the start of a long frame is invalid", (frame(TEXT, BAD_TEXT * 90)[:40],), (NOT_UTF8,)),
    Case(
        "a long frame, byte by byte",
        octets(frame(TEXT, GREEK + b"\xf4\x90\x80\x80" + bytes(300))[: 8 + len(GREEK) + 2]),
        (NOT_UTF8,),
    ),
    Case(
        "the start of a long continuation is invalid",
        (frame(TEXT, GREEK[:1], final=False), frame(CONTINUATION, GREEK * 50)[:11]),
        (NOT_UTF8,),
    ),
]

VALID_CODES = (1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999)
INVALID_CODES = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)

CLOSES = [
    Case("empty close", (frame(CLOSE),), ((CLOSE, b""),)),
    Case("half a code", (frame(CLOSE, b"\x03"),), (FAILED,)),
    *(Case(f"code {code}", (close(code),), (closed(code),)) for code in VALID_CODES),
    *(
        Case(f"code {code} with a reason", (close(code, GREEK),), (closed(code),))
        for code in VALID_CODES
    ),
    *(Case(f"invalid code {code}", (close(code),), (FAILED,)) for code in INVALID_CODES),
    *(
        Case(f"invalid code {code} with a reason", (close(code, b"why"),), (FAILED,))
        for code in INVALID_CODES
    ),
    Case("the longest reason", (close(1000, b"*" * 123),), (closed(1000),)),
    Case("a reason that is too long", (close(1000, b"*" * 124),), (FAILED,)),
    Case("a reason that is not UTF-8", (close(1000, BAD_TEXT),), (NOT_UTF8,)),
    Case("a message before", (frame(TEXT, b"hello") + close(1000),), (HELLO, closed(1000))),
    Case("closed twice", (close(1000) + close(1001),), (closed(1000),)),
    Case("a ping after it", (close(1000) + frame(PING),), (closed(1000),)),
    Case("a message after it", (close(1000) + frame(TEXT, b"hello"),), (closed(1000),)),
    Case("between fragments", (frame(TEXT, b"a", final=False) + close(1000),), (closed(1000),)),
    Case("chopped", octets(close(1000, b"bye")), (closed(1000),)),
]

_LARGE = bytes(range(128)) * 2**13  # 1 MiB, also as text

SIZES = [
    case
    for opcode in (TEXT, BINARY)
    for case in (
        Case(f"{opcode.name}: 1 MiB", (frame(opcode, _LARGE),), ((opcode, _LARGE),)),
        Case(
            f"{opcode.name}: 1 MiB in fragments of 64 KiB",
            (fragments(opcode, *chopped(_LARGE, 2**16)),),
            ((opcode, _LARGE),),
        ),
        Case(
            f"{opcode.name}: 64 KiB in fragments of 64 bytes",
            (fragments(opcode, *chopped(_LARGE[: 2**16], 64)),),
            ((opcode, _LARGE[: 2**16]),),
        ),
        Case(
            f"{opcode.name}: 1 MiB in pieces of 4 KiB",
            chopped(frame(opcode, _LARGE), 2**12),
            ((opcode, _LARGE),),
        ),
        Case(
            f"{opcode.name}: a header that announces too much",
            (frame(opcode)[:1] + b"\xff" + (2**40).to_bytes(8, "big"),),
            (closed(1009),),
        ),
        Case(
            f"{opcode.name}: fragments that add up to too much",
            (fragments(opcode, *[_LARGE] * 4), fragments(opcode, *[_LARGE] * 4, b"x")),
            ((opcode, _LARGE * 4), closed(1009)),
        ),
    )
]

CASES = [
    *(FRAMING + PINGS + RESERVED_BITS + OPCODES + MASKING + FRAGMENTATION),
    *(TEXTS + FAIL_FAST + CLOSES + SIZES),
]
