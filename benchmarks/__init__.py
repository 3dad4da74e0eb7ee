"""Comparisons with other projects, whose packages Framewire does not need, and with a baseline."""
