"""The conformance kit: checks clients in any language against protocol version 1.

``kit.json`` has messages in both encodings, and cases: what the gateway does, step by step, and
what a client must do then. ``python -m conformance -- PROGRAM`` plays the gateway's part.
docs/conformance.md explains how to connect a client.
"""

from __future__ import annotations
