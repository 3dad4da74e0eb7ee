"""The demo model: a detector of printed digits, with its scenes, training and evaluation."""

from __future__ import annotations

from pathlib import Path

CHECKPOINT = Path(__file__).parent / "checkpoints" / "digits"
"""The directory with the released checkpoint."""
