"""Move a label to a version under live traffic, or leave everything as it was.

A label can only point to a loaded version. So the server first loads the version beside those that
it has, then moves the label, and finally unloads what is no longer needed. What stays loaded are
the labelled versions and, for each label, the previous one, so that a rollback loads nothing.
Every configuration is written to the file before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from export.client.model_server import AVAILABLE, ModelServer, Status
from export.client.waiting import Progress, Waiting
from export.errors import ExportError, ReleaseError
from export.publishing import manifest
from export.publishing.location import reporting
from export.publishing.repository import Repository
from export.release import config
from export.release.config import ConfigFile
from export.release.history import History

STABLE = "stable"
CANARY = "canary"


def is_canary(label: str) -> bool:
    """Return whether a label is the canary's, or that of one of its shares (``canary-25``)."""
    name, _, share = label.partition("-")
    return name == CANARY and (label == CANARY or share.isdecimal())


_Absent = dict[tuple[str, int], "Status | None"]
"""Versions that are labelled but not loaded, by model and number, with their status."""


class Labels:
    """The labels of one model.

    ``repository``: the versions on disk. ``say``: called with a line for each change.
    ``timeout_s``: how long a version may take to load.
    """

    def __init__(
        self,
        model: str,
        repository: Repository,
        server: ModelServer,
        file: ConfigFile,
        say: Callable[[str], None],
        progress: Progress,
        timeout_s: float = 600.0,
    ) -> None:
        self.model = model
        self._repository = repository
        self._server = server
        self._file = file
        self._history = History(file.path)
        self._say = say
        self._progress = progress
        self._timeout_s = timeout_s

    def promote(self, label: str, number: int) -> None:
        """Point the label to a version.

        Raise ``ExportError``, in which case the server and the file are as they were.
        """
        if not label:
            raise ReleaseError("the label must not be empty")
        with self._file.locked():
            self._history.check()
            statuses = self._server.statuses(self.model)
            before = self._current()
            previous = config.labels(before, self.model).get(label)
            self._move(before, label, number, statuses)
            self._remember(label, previous, number, statuses)
            self._unload_unneeded()
        self._say(f"{label:11} {_transition(previous, number)}")

    def rollback(self, label: str) -> None:
        """Point the label to its previous version. Raise like :meth:`promote`."""
        with self._file.locked():
            statuses = self._server.statuses(self.model)
            before = self._current()
            current = config.labels(before, self.model).get(label)
            number = self._history.previous(self.model, label, current)
            if current is None or number is None:
                raise ReleaseError(f"cannot roll back label {label}: it has no previous version")
            self._move(before, label, number, statuses)
            self._history.back_to(self.model, label, number)
            self._unload_unneeded()
        self._say(f"{label:11} {_transition(current, number)}")

    def clear(self, *names: str) -> None:
        """Remove labels, all at once. Raise ``ReleaseError`` if the model lacks one."""
        with self._file.locked():
            self._history.check()
            statuses = self._server.statuses(self.model)
            before = self._current()
            labels = config.labels(before, self.model)
            removed = {label: labels.pop(label) for label in names if label in labels}
            for label in names:
                if label not in removed:
                    raise ReleaseError(f"model {self.model} has no label {label}")
            versions = config.pinned(before, self.model) or _available(statuses)
            with self._restored(before):
                self._apply(config.changed(before, self.model, versions, labels))
            for label in removed:
                self._history.forget(self.model, label)
            self._unload_unneeded()
        for label, current in removed.items():
            self._say(f"{label:11} {current} -> none")

    def current(self) -> dict[str, int]:
        """Return the version of each label, as far as the file says it."""
        configured = self._file.read()
        return {} if configured is None else config.labels(configured, self.model)

    def _current(self) -> Any:
        """Return the configuration in force, as far as it can be known."""
        current = self._file.read()
        if current is None or not current.model_config_list.config:
            # An empty file does not say what is served.
            current = self._configuration_from_flags() or current
        if current is None:
            raise ReleaseError(
                f"the model server at {self._server.address} does not serve {self.model}, and "
                f"{self._file.path}, which would say what it serves, does not exist"
            )
        return current

    def _configuration_from_flags(self) -> Any | None:
        """Return the configuration that the server's flags amount to.

        It covers this model and its siblings on disk, as far as the server serves them.
        """
        current, parent = None, self._repository.location.parent
        with reporting("read", parent):
            names = parent.names()
        for name in sorted({*names, self.model}):
            if self._server.statuses(name):
                base = self._repository.location if name == self.model else parent / name
                current = config.with_model(current, name, base.address)
        return current

    def _move(self, before: Any, label: str, number: int, statuses: dict[int, Status]) -> None:
        """Load the version and everything else that is labelled, then move the label."""
        on_disk = set(self._repository.versions())
        # Reading all files of a remote version would take as long as loading it.
        is_local = self._repository.location.local is not None
        manifest.check(self._repository.version(number), contents=is_local)
        labels = config.labels(before, self.model) | {label: number}
        self._drop_missing(labels, on_disk)
        available = _available(statuses)
        pinned = config.pinned(before, self.model)
        # A version that the configuration does not ask for may be about to be unloaded.
        staying = available & pinned
        pinned = pinned | available | set(labels.values())
        named = config.with_model(before, self.model, self._repository.location.address)
        absent: _Absent = {
            (self.model, version): statuses.get(version)
            for version in sorted(set(labels.values()) - staying)
        }
        absent |= self._absent_elsewhere(before)
        with self._restored(before):
            if absent:
                held = config.labels(before, self.model)
                held = {name: v for name, v in held.items() if v in available & on_disk}
                self._load(config.changed(named, self.model, pinned & on_disk, held), absent)
            self._apply(config.changed(named, self.model, pinned & on_disk, labels))

    def _drop_missing(self, labels: dict[str, int], on_disk: set[int]) -> None:
        """Drop labels whose versions have been deleted, and report them."""
        for name in [name for name, version in labels.items() if version not in on_disk]:
            self._say(f"{name:11} {labels.pop(name)} -> none, because it is no longer on disk")

    def _load(self, configuration: Any, absent: _Absent) -> None:
        """Have the server load the absent versions, and wait until they are available."""
        # The server would refuse labels of versions that it has not loaded; the file keeps them.
        others = {model for model, _ in absent} - {self.model}
        self._apply(configuration, config.unlabelled(configuration, others))
        for (model, version), status in absent.items():
            waiting = Waiting(model, version, status, self._timeout_s)
            waiting.wait(self._server, self._progress)

    def _absent_elsewhere(self, before: Any) -> _Absent:
        """Return the labelled versions of other models that are not loaded.

        After a restart without the file, the server would refuse a configuration that labels them.
        """
        absent: _Absent = {}
        for model in config.labelled_models(before) - {self.model}:
            statuses = self._server.statuses(model)
            for version in set(config.labels(before, model).values()) - _available(statuses):
                absent[model, version] = statuses.get(version)
        return absent

    def _unload_unneeded(self) -> None:
        """Unload versions that neither a label nor a rollback needs."""
        current = self._file.read()
        labels = config.labels(current, self.model)
        previous = {self._history.previous(self.model, name, at) for name, at in labels.items()}
        pinned = config.pinned(current, self.model)
        needed = pinned & {*labels.values(), *(number for number in previous if number)}
        if needed and needed != pinned:
            self._apply(config.changed(current, self.model, needed, labels))

    def _remember(
        self, label: str, previous: int | None, number: int, statuses: dict[int, Status]
    ) -> None:
        """Record the move, and where a rollback leads.

        That is the version the label pointed to, even if the file was edited by hand, or the
        newest version, which answered while there was no label.
        """
        if previous is None and not is_canary(label):
            previous = max(_available(statuses), default=None)
        if previous is not None and previous != number:
            self._history.push(self.model, label, previous)
        self._history.push(self.model, label, number)

    def _apply(self, configuration: Any, sent: Any | None = None) -> None:
        self._file.write(configuration)
        self._server.reload(configuration if sent is None else sent)

    @contextmanager
    def _restored(self, before: Any) -> Iterator[None]:
        """Restore the file and the server's configuration after an error or a signal."""
        written = self._file.read()
        try:
            yield
        except BaseException:
            self._file.write(written)
            with suppress(ExportError):  # the server may be what failed
                self._server.reload(before)
            raise


def _available(statuses: dict[int, Status]) -> set[int]:
    return {number for number, status in statuses.items() if status.state == AVAILABLE}


def _transition(before: int | None, after: int) -> str:
    if before == after:
        return f"stays {after}"
    return f"{after}" if before is None else f"{before} -> {after}"
