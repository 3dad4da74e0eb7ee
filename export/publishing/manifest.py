"""What a version consists of: each file's size and checksum, recorded when it is published."""

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
"""Where it lies in a version. Model servers pay no heed to what is in `assets.extra`."""

SCHEMA = 1
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """A file: its size in bytes, and the SHA-256 of its contents in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """files: by name relative to the version's folder, all but the manifest itself.
    origin: what the model's description says of where it comes from.
    published_at: in UTC, as ISO 8601 has it."""

    files: Mapping[str, Entry]
    origin: Mapping[str, Any] = field(default_factory=dict)
    published_at: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files.values())

    def encode(self) -> bytes:
        """The file's contents: JSON."""
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


def now() -> str:
    """This moment in UTC, to the second."""
    moment = datetime.now(timezone.utc).replace(microsecond=0)
    return moment.isoformat().replace("+00:00", "Z")


def copy(source: BinaryIO, target: BinaryIO | None) -> Entry:
    """Reads `source` to its end, into `target` if there is one; what was read."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if target is not None:
            target.write(chunk)
    return Entry(size, digest.hexdigest())


def read(version: Location) -> Manifest | None:
    """The manifest of a version, None if it has none. Raises DamagedVersion if it is unreadable."""
    try:
        fields = json.loads(version.fs.cat_file(f"{version.path}/{FILE}"))
        files = {name: Entry(**entry) for name, entry in fields["files"].items()}
        return Manifest(files, fields.get("origin") or {}, fields.get("published_at") or "")
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DamagedVersion(f"{version}/{FILE} is not readable as a manifest") from None


def check(version: Location, contents: bool = True) -> Manifest | None:
    """Compares a version with its manifest: names, sizes and, with `contents`, checksums.

    Returns the manifest; None if the version has none, so that nothing could be compared.
    Raises DamagedVersion, which names the first file that is missing, foreign or different.
    """
    manifest = read(version)
    if manifest is None:
        return None
    found = version.files()
    found.pop(FILE, None)
    for name in sorted({*manifest.files, *found}):
        _check_entry(version, name, manifest.files.get(name), found.get(name), contents)
    return manifest


def _check_entry(
    version: Location, name: str, wanted: Entry | None, size: int | None, contents: bool
) -> None:
    if size is None:
        raise DamagedVersion(f"{version}: {name} is missing")
    if wanted is None:
        raise DamagedVersion(f"{version}: {name} was not there when it was published")
    if size != wanted.size:
        raise DamagedVersion(f"{version}: {name} has {size} bytes, not {wanted.size}")
    if not contents:
        return
    with version.fs.open(f"{version.path}/{name}", "rb") as file:
        if copy(file, None) != wanted:
            raise DamagedVersion(f"{version}: {name} has other contents than when it was published")
