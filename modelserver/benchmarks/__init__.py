"""Benchmarks of the model server: single calls, and switches between versions."""
