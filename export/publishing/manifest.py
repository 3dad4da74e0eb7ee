"""The manifest of a version: the size and checksum of each file, recorded when it is published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, BinaryIO

from export import __version__
from export.errors import DamagedVersion
from export.publishing.location import Location

FILE = "assets.extra/manifest.json"
"""Its path within a version. Model servers ignore ``assets.extra``."""

SCHEMA = 1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A file: its size in bytes and the hexadecimal SHA-256 of its contents."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The contents of a version.

    ``files``: every file but the manifest, by name relative to the version's directory.
    ``origin``: the provenance fields of the model's description.
    ``published_at``: UTC, ISO 8601.
    """

    files: Mapping[str, Entry]
    origin: Mapping[str, Any] = field(default_factory=dict)
    published_at: str = ""

    @property
    def size(self) -> int:
        """The size of all files in bytes."""
        return sum(entry.size for entry in self.files.values())

    def encode(self) -> bytes:
        """Return the manifest as JSON."""
        fields = {
            "schema": SCHEMA,
            "published_at": self.published_at,
            "published_by": f"framewire-export {__version__}",
            "origin": dict(self.origin),
            "files": {
                name: {"size": entry.size, "sha256": entry.sha256}
                for name, entry in sorted(self.files.items())
            },
        }
        return (json.dumps(fields, indent=1) + "\n").encode()


def utc_now() -> str:
    """Return the current time in UTC, ISO 8601, to the second."""
    moment = datetime.now(timezone.utc).replace(microsecond=0)
    return moment.isoformat().replace("+00:00", "Z")


def copy(source: BinaryIO, target: BinaryIO | None) -> Entry:
    """Read ``source`` to its end, write it to ``target`` if given, and return its entry."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
    return Entry(size, digest.hexdigest())


def read(version: Location) -> Manifest | None:
    """Return a version's manifest, or None. Raise ``DamagedVersion`` if it is unreadable."""
    try:
        fields = json.loads(version.fs.cat_file(f"{version.path}/{FILE}"))
        files = {name: Entry(**entry) for name, entry in fields["files"].items()}
        return Manifest(files, fields.get("origin") or {}, fields.get("published_at") or "")
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DamagedVersion(f"{version}/{FILE} is not a readable manifest") from None


def check(version: Location, contents: bool = True) -> Manifest | None:
    """Compare a version with its manifest: names, sizes and, with ``contents``, checksums.

    Return the manifest; None if the version has none and nothing could be compared. Raise
    ``DamagedVersion`` for the first file that is missing, unexpected or different.
    """
    manifest = read(version)
    if manifest is None:
        return None
    sizes = version.files()
    sizes.pop(FILE, None)
    for name in sorted({*manifest.files, *sizes}):
        _check_entry(version, name, manifest.files.get(name), sizes.get(name), contents)
    return manifest


def _check_entry(
    version: Location, name: str, recorded: Entry | None, size: int | None, contents: bool
) -> None:
    if size is None:
        raise DamagedVersion(f"{version}: {name} is missing")
    if recorded is None:
        raise DamagedVersion(f"{version}: {name} is not in its manifest")
    if size != recorded.size:
        raise DamagedVersion(f"{version}: {name} has {size} bytes instead of {recorded.size}")
    if not contents:
        return
    with version.fs.open(f"{version.path}/{name}", "rb") as file:
        if copy(file, None) != recorded:
            raise DamagedVersion(f"{version}: {name} has changed since it was published")
