"""Framewire beside other servers: one model, one machine, one run (docs/benchmarks.md)."""
