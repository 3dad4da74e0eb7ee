"""What a picture is and what decoding it costs, read from its header without decoding it."""

from __future__ import annotations

from server.core.pictures.header import examine, recognise, without_metadata
from server.core.pictures.layout import UPRIGHT, Header

__all__ = ["UPRIGHT", "Header", "examine", "recognise", "without_metadata"]
