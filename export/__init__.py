"""From a trained model to a verified, published version, and the release of versions.

Importing this package is cheap: modules that need TensorFlow are imported by the commands that
use them.
"""

from __future__ import annotations

from importlib import metadata

try:
    __version__ = metadata.version("framewire")
except metadata.PackageNotFoundError:  # run from a copy that was never installed
    __version__ = "unknown"
