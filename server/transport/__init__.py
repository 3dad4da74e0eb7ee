"""Bytes in and out: the WebSocket protocol, encodings, uploads and JSON answers."""
