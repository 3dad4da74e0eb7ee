"""UTF-8 checks on text messages that have not arrived completely (RFC 6455, section 8.1)."""

from __future__ import annotations

import codecs

from server.transport.rfc6455 import invalid_utf8
from server.transport.tornado_private import unmask

_Decoder = codecs.getincrementaldecoder("utf-8")


class TextCheck:
    """Fails as soon as one text message cannot become valid, however its bytes are divided.

    Python's decoder notices a surrogate at its third byte, everything else at the first
    wrong one. A message that ends inside a character is left to whoever decodes it. Each
    byte is checked once, so a message that arrives byte by byte costs no more than another.
    """

    def __init__(self) -> None:
        self._decoder = _Decoder()
        self._checked = 0  # bytes of the current WebSocket frame's payload

    def partial(self, mask: bytes, payload: memoryview) -> None:
        """Check a WebSocket frame's payload as far as it has arrived. Raises FailConnection."""
        shift = self._checked % 4
        new = bytes(payload[self._checked :])
        self._checked += len(new)
        self._decode(unmask(mask[shift:] + mask[:shift], new))

    def fragment(self, payload: bytes) -> None:
        """Check the unmasked payload of a complete WebSocket frame. Raises FailConnection."""
        self._decode(payload[self._checked :])
        self._checked = 0

    def _decode(self, data: bytes) -> None:
        try:
            self._decoder.decode(data)
        except UnicodeDecodeError:
            raise invalid_utf8() from None
