"""What all formats share: the header's result, and the orientation in EXIF data."""

from __future__ import annotations

import struct
from typing import NamedTuple

UPRIGHT = 1
EXIF = b"Exif\0\0"

_ORIENTATION_TAG = 0x0112
_SHORT = 3
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
# Cameras write a few dozen entries into the first directory.
_MAX_ENTRIES = 512


class Header(NamedTuple):
    """A picture's header.

    ``width`` and ``height`` are in pixels, as stored. ``orientation`` is EXIF's number,
    1 to 8: how a viewer turns the stored pixels; 1 leaves them. ``cost`` is the effort
    of decoding, in pixels of a baseline JPEG. ``worst_cost`` is the effort if the picture
    was made to be costly, which its header cannot show; 0: no more than ``cost``.
    """

    width: int
    height: int
    orientation: int = UPRIGHT
    cost: int = 0
    worst_cost: int = 0


def orientation(exif: bytes) -> int:
    """Return the orientation in ``exif``, a TIFF structure with or without ``Exif\\0\\0``.

    Anything unreadable counts as upright: viewers show such pictures as they are.
    """
    try:
        return _orientation(exif.removeprefix(EXIF))
    except struct.error:
        return UPRIGHT


def _orientation(tiff: bytes) -> int:
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return UPRIGHT
    (directory,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack_from(order + "H", tiff, directory)
    for i in range(min(entries, _MAX_ENTRIES)):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * i)
        if tag == _ORIENTATION_TAG:
            return value if kind == _SHORT and 1 <= value <= 8 else UPRIGHT
    return UPRIGHT
