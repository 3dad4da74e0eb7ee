"""Removes old versions from disk, and never one that anybody may still want."""

from __future__ import annotations

from dataclasses import dataclass

from export.client.model_server import END, ModelServer
from export.errors import ReleaseError
from export.publishing import local as publication
from export.publishing import manifest, remote
from export.publishing.location import Location, reaching
from export.publishing.repository import GRAPHS, Shelf
from export.release import config
from export.release.config import ConfigFile
from export.release.history import History


@dataclass(frozen=True)
class Pruned:
    """A version and why it was kept; without a reason it was removed, or would be."""

    number: int
    size: int
    kept_for: str


def prune(
    model: str, shelf: Shelf, server: ModelServer, file: ConfigFile, keep: int, dry_run: bool
) -> list[Pruned]:
    """Removes all versions but the newest `keep` and those that are labelled, that a label would
    go back to, or that the model server has loaded or loads. Newest first.

    Raises ReleaseError or PublishError, and then nothing was removed.
    """
    with file.locked():
        reasons = _reasons(model, server, file)
        on_disk = shelf.versions()
        newest = sorted(on_disk)[-keep:] if keep else []
        decided = []
        for number, folder in sorted(on_disk.items(), reverse=True):
            why = reasons.get(number) or ("among the newest" if number in newest else "")
            decided.append(Pruned(number, _size(folder), why))
        if not dry_run:
            _remove(shelf.location, [on_disk[one.number] for one in decided if not one.kept_for])
        return decided


def _reasons(model: str, server: ModelServer, file: ConfigFile) -> dict[int, str]:
    """Why a version must stay, for those that must."""
    statuses = server.statuses(model)
    if not statuses:
        raise ReleaseError(
            f"the model server at {server.address} does not serve {model}, so it cannot say which "
            "versions are in use; nothing was removed"
        )
    found = {
        number: status.state.lower() for number, status in statuses.items() if status.state != END
    }
    now = file.read()
    if now is None:
        return found
    history = History(file.path)
    found.update(dict.fromkeys(config.chosen(now, model), "configured"))
    for label, number in config.labels(now, model).items():
        previous = history.previous(model, label, number)
        if previous is not None:
            found[previous] = f"before {label}"
    found.update({number: label for label, number in config.labels(now, model).items()})
    return found


def _size(folder: Location) -> int:
    with reaching("read", folder):
        return sum(folder.files().values())


def _remove(base: Location, folders: list[Location]) -> None:
    """Each is no version any more before the first of its files is gone."""
    if base.local is not None:
        publication.remove(base.local, [folder.path.rpartition("/")[2] for folder in folders])
        return
    with reaching("write", base):
        remote.tidy(base)
        for folder in folders:
            for graph in (*GRAPHS, manifest.FILE):
                if folder.fs.exists(f"{folder.path}/{graph}"):
                    folder.fs.rm_file(f"{folder.path}/{graph}")
            folder.remove()
