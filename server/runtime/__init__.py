"""Drives the core on the event loop: sessions, batches, look-ups and statistics."""
