"""Comparisons with other projects, which need packages that Framewire itself does not."""
