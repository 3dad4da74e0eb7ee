"""From a trained model to a verified, published version, and the release of versions.

Importing this package is cheap: modules that need TensorFlow are imported by the commands that
use them.
"""

from __future__ import annotations

__version__ = "0.1.0"
