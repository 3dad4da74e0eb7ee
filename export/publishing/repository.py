"""The versions of a model in its directory, local or remote."""

from __future__ import annotations

from export.contract import GRAPH_FILES
from export.errors import PublishError
from export.publishing.location import Location, reporting

MAX_VERSION = 2**63 - 1


def is_version(name: str) -> bool:
    """Return whether a model server takes a directory of this name for a version."""
    return name.isascii() and name.isdecimal() and int(name) <= MAX_VERSION


def is_complete(folder: Location) -> bool:
    """Return whether the directory holds a SavedModel.

    Remote versions get their graph file last, so its presence means that all files are there.
    """
    return any(folder.fs.exists(f"{folder.path}/{name}") for name in GRAPH_FILES)


class Repository:
    """A model's directory: numbered directories, each with a SavedModel in it."""

    def __init__(self, location: Location) -> None:
        self.location = location

    def folders(self) -> dict[int, Location]:
        """Return every directory named like a version, oldest first, complete or not."""
        with reporting("read", self.location):
            names = [name for name in self.location.names() if is_version(name)]
        return {int(name): self.location / name for name in sorted(names, key=int)}

    def versions(self) -> dict[int, Location]:
        """Return the directories that hold a SavedModel, oldest first."""
        with reporting("read", self.location):
            return {n: folder for n, folder in self.folders().items() if is_complete(folder)}

    def models(self) -> list[str]:
        """Return the directories that hold versions themselves, as that of all models does."""
        with reporting("read", self.location):
            names = [name for name in self.location.names() if not is_version(name)]
            return [name for name in names if Repository(self.location / name).versions()]

    def version(self, number: int) -> Location:
        """Return a version's directory. Raise ``PublishError`` if there is no such version."""
        versions = self.versions()
        if number in versions:
            return versions[number]
        present = ", ".join(map(str, versions)) or "none"
        raise PublishError(f"there is no version {number} in {self.location} (present: {present})")
