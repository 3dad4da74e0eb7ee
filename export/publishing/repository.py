"""The versions of a model in its directory, local or remote."""

from __future__ import annotations

from export.contract import GRAPH_FILES
from export.errors import PublishError
from export.publishing.location import Location, reporting
from export.suggestions import listed

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

    def misplaced(self, model: str | None = None) -> str | None:
        """Return what it is instead of a model's directory, and which one to name; else None.

        ``model``: the model that is wanted, if it is known.
        """
        here = self.location
        with reporting("read", here):
            if is_complete(here):
                return f"{here} is itself a SavedModel; name the directory above it, {here.parent}"
            models = [] if self.versions() else self.models()
        if not models:
            return None
        one = here / (model if model in models else models[0])
        words = f"there are no versions in {here}, but models: {listed(models)}"
        return f"{words}; pass one, such as {one}"

    def check_level(self, model: str | None = None) -> None:
        """Raise ``PublishError`` for the directory of a version or of several models."""
        misplaced = self.misplaced(model)
        if misplaced is not None:
            raise PublishError(misplaced)

    def suggestion(self) -> str:
        """Return the end of an error message: which version within it may be meant, if any."""
        versions = self.versions()
        if versions:
            return f"; did you mean {versions[max(versions)]}?"
        models = self.models()
        return f"; pass a version of one of its models: {listed(models)}" if models else ""

    def version(self, number: int) -> Location:
        """Return a version's directory. Raise ``PublishError`` if there is no such version."""
        versions = self.versions()
        if number in versions:
            return versions[number]
        raise PublishError(f"there is no version {number} in {self.location} ({self._present()})")

    def _present(self) -> str:
        if not self.location.exists():
            return "there is no such directory"
        return f"present: {', '.join(map(str, self.versions())) or 'none'}"
