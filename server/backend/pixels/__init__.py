"""Frames -> the pixels that a model takes: decoded, turned, resized and scaled, in threads."""

from __future__ import annotations

from server.backend.pixels.decoder import Decoder, Pixels
from server.backend.pixels.drawing import draw, needs_encoding
from server.backend.pixels.placement import WHOLE, Placement

__all__ = ["WHOLE", "Decoder", "Pixels", "Placement", "draw", "needs_encoding"]
