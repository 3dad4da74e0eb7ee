"""Benchmarks: the cost of a call, and the cost of switching versions."""
