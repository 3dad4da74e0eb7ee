"""Find and load the fonts of the scenes."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from demomodel.families import HANDWRITTEN, HELD_OUT, PRINTED, SEGMENTED, TRAINING, Family
from export.errors import FontsMissing

BUILT_IN = "built-in"
"""The scalable face that ships with Pillow; it counts as a training family."""

FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/share/texmf/fonts"),
    Path("/usr/local/share/fonts"),
    Path(os.path.expanduser("~/.local/share/fonts")),  # unchanged for a user without a folder
)


Faces = tuple[tuple[str, ...], ...]
"""Files grouped by family, so that families with many faces are not chosen more often."""

BUILT_IN_FACES: Faces = ((BUILT_IN,),)


def packages() -> tuple[str, ...]:
    """Return the Debian packages of all families."""
    return tuple(sorted({family.package for family in TRAINING + HELD_OUT}))


def faces(families: tuple[Family, ...], folders: tuple[Path, ...] | None = None) -> Faces:
    """Return the files of each family, found below ``folders`` (default: ``FOLDERS``).

    Raise ``FontsMissing``, which names the packages to install, if a file is missing.
    """
    index = _index(FOLDERS if folders is None else folders)
    missing = {f.package for f in families if not all(name in index for name in f.files)}
    if missing:
        raise FontsMissing(f"fonts are missing: apt-get install {' '.join(sorted(missing))}")
    return tuple(tuple(index[name] for name in family.files) for family in families)


def training_faces() -> Faces:
    """Return the faces for training, including Pillow's own; rare kinds come more than once."""
    rare = faces(SEGMENTED) * _SEGMENTED_REPEATS + faces(HANDWRITTEN)
    return faces(PRINTED) + BUILT_IN_FACES + rare


def held_out_faces() -> Faces:
    """Return the faces that only evaluation uses."""
    return faces(HELD_OUT)


def digits_only(face: str) -> bool:
    """Return whether the letters of ``face`` look like digits."""
    return os.path.basename(face) in _SEGMENTED_FILES


@lru_cache(maxsize=2048)
def load(face: str, size: int) -> ImageFont.FreeTypeFont:
    """Load a face from its file, or Pillow's own, at ``size`` pixels per em."""
    if face != BUILT_IN:
        return ImageFont.truetype(face, size, layout_engine=ImageFont.Layout.BASIC)
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise FontsMissing("Pillow was built without FreeType")
    return font


_SEGMENTED_REPEATS = 4
"""There are few designs of segments, but many such displays."""

_SEGMENTED_FILES = frozenset(name for family in SEGMENTED for name in family.files)


@lru_cache(maxsize=8)
def _index(folders: tuple[Path, ...]) -> dict[str, str]:
    paths: dict[str, str] = {}
    for folder in folders:
        for root, _, names in sorted(os.walk(folder)):
            for name in names:
                paths.setdefault(name, os.path.join(root, name))
    return paths
