"""The versions in a model's folder, wherever that is."""

from __future__ import annotations

from export.errors import PublishError
from export.publishing.location import Location, reaching

GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
"""What makes a folder a SavedModel; on a remote filesystem it is put in its place last."""

MAX_VERSION = 2**63 - 1


def is_version(name: str) -> bool:
    """Whether a model server takes a folder of this name for a version."""
    return name.isascii() and name.isdecimal() and int(name) <= MAX_VERSION


class Shelf:
    """A model's folder: numbered folders, each with a SavedModel in it."""

    def __init__(self, location: Location) -> None:
        self.location = location

    def folders(self) -> dict[int, Location]:
        """Every folder with a version's name, oldest first, whether it is whole or not."""
        with reaching("read", self.location):
            names = [name for name in self.location.names() if is_version(name)]
        return {int(name): self.location / name for name in sorted(names, key=int)}

    def versions(self) -> dict[int, Location]:
        """The folders that hold a SavedModel, oldest first."""
        with reaching("read", self.location):
            return {n: folder for n, folder in self.folders().items() if is_whole(folder)}

    def version(self, number: int) -> Location:
        """A version's folder. Raises PublishError, which says what there is instead."""
        found = self.versions()
        if number in found:
            return found[number]
        there = ", ".join(map(str, found)) or "none"
        raise PublishError(f"there is no version {number} in {self.location} (there: {there})")


def is_whole(folder: Location) -> bool:
    """Whether the file is there that a model server begins with."""
    return any(folder.fs.exists(f"{folder.path}/{name}") for name in GRAPHS)
