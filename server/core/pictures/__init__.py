"""What a picture is and what decoding it costs, read from its header without decoding it."""

from __future__ import annotations

from server.core.pictures.header import Header, Size, examine, measure, recognise

__all__ = ["Header", "Size", "examine", "measure", "recognise"]
