"""Drives the core with the event loop: timers, futures, the in-flight cap, metrics."""
