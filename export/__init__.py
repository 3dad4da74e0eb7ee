"""Checkpoint to SavedModel to published version, and the demo model's training.

Importing this package is cheap: TensorFlow is imported by the modules that need it, when a
command needs them.
"""

from __future__ import annotations

__version__ = "0.1.0"
