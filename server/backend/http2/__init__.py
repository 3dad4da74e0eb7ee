"""HTTP/2 as unary calls of gRPC need it, on the event loop alone.

gRPC's own library copies each request, and each answer passes through two of its threads on its
way to the loop. A lone frame waits for these, and a batch pays for both.
"""

from __future__ import annotations

from server.backend.http2.method import DirectMethod, Metadata

__all__ = ["DirectMethod", "Metadata"]
