"""Remove old versions from disk, but none that is in use or that a rollback needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from export.client.model_server import END, ModelServer
from export.contract import GRAPH_FILES
from export.errors import ReleaseError
from export.publishing import links, local, manifest, remote
from export.publishing.location import Location, reporting
from export.publishing.repository import Repository, is_version
from export.release import config
from export.release.config import ConfigFile
from export.release.history import History


@dataclass(frozen=True)
class Pruned:
    """A version, its size in bytes, and why it is kept; empty if it is removed."""

    number: int
    size: int
    kept_for: str


def prune(
    model: str,
    repository: Repository,
    server: ModelServer,
    file: ConfigFile,
    keep: int,
    dry_run: bool,
) -> list[Pruned]:
    """Remove old versions and return what happened to each, newest first.

    Kept are the newest ``keep``, labelled versions, those that a rollback would return to, those
    that the model server has loaded or is loading, and those that kept ones link to. Raise
    ``ServerError``, ``ReleaseError`` or ``PublishError``.
    """
    with file.locked():
        reasons = _reasons(model, server, file)
        on_disk = repository.versions()
        newest = sorted(on_disk)[-keep:] if keep else []
        reasons = {**dict.fromkeys(newest, "among the newest"), **reasons}
        reasons = {**_links(repository.location, on_disk, reasons), **reasons}
        outcomes = []
        for number, folder in sorted(on_disk.items(), reverse=True):
            outcomes.append(Pruned(number, _size(folder), reasons.get(number, "")))
        if outcomes and not dry_run:
            removed = [on_disk[one.number] for one in outcomes if not one.kept_for]
            _remove(repository.location, removed)
        return outcomes


def _reasons(model: str, server: ModelServer, file: ConfigFile) -> dict[int, str]:
    """Return why each version in use must stay."""
    statuses = server.statuses(model)
    if not statuses:
        raise ReleaseError(
            f"the model server at {server.address} does not serve {model}, so the versions in use "
            "are unknown; nothing was removed"
        )
    reasons = {
        number: status.state.lower() for number, status in statuses.items() if status.state != END
    }
    current = file.read()
    if current is None:
        return reasons
    history = History(file.path)
    reasons.update(dict.fromkeys(config.pinned(current, model), "configured"))
    for label, number in config.labels(current, model).items():
        previous = history.previous(model, label, number)
        if previous is not None:
            reasons[previous] = f"before {label}"
    reasons.update({number: label for label, number in config.labels(current, model).items()})
    return reasons


def _links(base: Location, on_disk: Collection[int], kept: Collection[int]) -> dict[int, str]:
    """Return the versions whose files are those of kept ones as well, and why they must stay."""
    if base.local is None:
        return {}
    found: dict[int, str] = {}
    with reporting("read", base):
        for number in sorted(set(kept) & set(on_disk)):
            names = links.needed(base.local, str(number))
            others = [int(name) for name in names if is_version(name)]
            found |= dict.fromkeys(others, f"version {number} links to it")
    return found


def _size(folder: Location) -> int:
    with reporting("read", folder):
        return folder.size()


def _remove(base: Location, folders: list[Location]) -> None:
    """Remove versions; each stops being a version before its other files go."""
    if base.local is not None:
        local.remove(base.local, [folder.name for folder in folders])
        return
    with reporting("write", base):
        remote.remove_leftovers(base)
        for folder in folders:
            for graph in (*GRAPH_FILES, manifest.FILE):
                if folder.fs.exists(f"{folder.path}/{graph}"):
                    folder.fs.rm_file(f"{folder.path}/{graph}")
            folder.remove()
