"""Loads a whole Framewire on one machine and says what it answered."""
