"""Recorded sessions, sent again: the same pictures with the same timing, and what comes of them."""
