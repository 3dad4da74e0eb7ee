"""Moves a label to a version under live traffic, or leaves everything as it was.

A label can only be given to a version that is loaded. So the server is first told to load it
beside those that it has, then to move the label, and last to let go of what nobody needs: what
stays loaded are the labelled versions and, for each label, the one before, so that a rollback has
nothing to load. Every configuration is written to the file before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from export.client.model_server import AVAILABLE, ModelServer, Status
from export.client.waiting import Progress, Waiting
from export.errors import ReleaseError
from export.publishing import manifest
from export.publishing.location import reaching
from export.publishing.repository import Shelf
from export.release import config
from export.release.config import ConfigFile
from export.release.history import History

STABLE = "stable"
CANARY = "canary"


class Release:
    """The labels of one model.

    shelf: the versions on disk; say: called with a line for each thing done; timeout_s: how long
    a version may take to load.
    """

    def __init__(
        self,
        model: str,
        shelf: Shelf,
        server: ModelServer,
        file: ConfigFile,
        say: Callable[[str], None],
        progress: Progress,
        timeout_s: float = 600.0,
    ) -> None:
        self.model = model
        self._shelf = shelf
        self._server = server
        self._file = file
        self._history = History(file.path)
        self._say = say
        self._progress = progress
        self._timeout_s = timeout_s

    def promote(self, label: str, number: int) -> None:
        """Lets the label stand for a version. Raises ReleaseError or PublishError, and then the
        server and the file are as they were."""
        if not label:
            raise ReleaseError("a label needs a name")
        with self._file.locked():
            self._history.check()
            statuses = self._server.statuses(self.model)
            before = self._before()
            was = config.labels(before, self.model).get(label)
            self._move(before, label, number, statuses)
            self._remember(label, was, number, statuses)
            self._let_go()
        self._say(f"{label:11} {_from_to(was, number)}")

    def rollback(self, label: str) -> None:
        """Lets the label stand for the version before. Raises as `promote`."""
        with self._file.locked():
            statuses = self._server.statuses(self.model)
            before = self._before()
            was = config.labels(before, self.model).get(label)
            number = self._history.previous(self.model, label, was)
            if was is None or number is None:
                raise ReleaseError(
                    f"there is nothing to go back to: no version is remembered that label {label} "
                    "stood for before"
                )
            self._move(before, label, number, statuses)
            self._history.back_to(self.model, label, number)
            self._let_go()
        self._say(f"{label:11} {_from_to(was, number)}")

    def clear(self, label: str) -> None:
        """Takes a label away. Raises ReleaseError if there is none."""
        with self._file.locked():
            self._history.check()
            statuses = self._server.statuses(self.model)
            before = self._before()
            labels = config.labels(before, self.model)
            was = labels.pop(label, None)
            if was is None:
                raise ReleaseError(f"model {self.model} has no label {label}")
            versions = config.chosen(before, self.model) or _available(statuses)
            with self._restored(before):
                self._apply(config.changed(before, self.model, versions, labels))
            self._history.forget(self.model, label)
            self._let_go()
        self._say(f"{label:11} {was} -> none")

    def _before(self) -> Any:
        """The configuration in force, as far as it can be known."""
        found = self._file.read()
        if found is None or not found.model_config_list.config:
            found = self._served() or found  # an emptied file says nothing of what is served
        if found is None:
            raise ReleaseError(
                f"the model server at {self._server.address} does not serve {self.model}, and "
                f"there is no {self._file.path} that says what it serves"
            )
        return found

    def _served(self) -> Any | None:
        """What a model server must have been told by its flags: of this model and those in the
        folders beside it, the ones that it serves."""
        found, above = None, self._shelf.location.parent
        with reaching("read", above):
            names = above.names()
        for name in sorted({*names, self.model}):
            if self._server.statuses(name):
                beside = self._shelf.location if name == self.model else above / name
                found = config.with_model(found, name, beside.address)
        return found

    def _move(self, before: Any, label: str, number: int, statuses: dict[int, Status]) -> None:
        on_disk = self._shelf.versions()
        # Where files are far away, to read them all would take as long as to load them.
        local = self._shelf.location.local is not None
        manifest.check(self._shelf.version(number), contents=local)
        labels = config.labels(before, self.model) | {label: number}
        for lost in [name for name, version in labels.items() if version not in on_disk]:
            self._say(f"{lost:11} {labels.pop(lost)} -> none, for it is not on disk any more")
        available = _available(statuses)
        kept = {
            name: version
            for name, version in config.labels(before, self.model).items()
            if version in available and version in on_disk
        }
        chosen = config.chosen(before, self.model) | available | set(labels.values())
        missing = sorted(set(labels.values()) - available)
        named = config.with_model(before, self.model, self._shelf.location.address)
        absent = {(self.model, version): statuses.get(version) for version in missing}
        absent |= self._absent_elsewhere(before)
        with self._restored(before):
            if absent:
                loading = config.changed(named, self.model, chosen & set(on_disk), kept)
                # The file keeps the other models' labels, whatever ends this.
                others = {model for model, _ in absent} - {self.model}
                self._apply(loading, config.unlabelled(loading, others))
            for (model, version), status in absent.items():
                waiting = Waiting(model, version, status, self._timeout_s)
                waiting.wait(self._server, self._progress)
            self._apply(config.changed(named, self.model, chosen & set(on_disk), labels))

    def _absent_elsewhere(self, before: Any) -> dict[tuple[str, int], Status | None]:
        """Other models' versions that have a label in the file and are not loaded, as after a
        restart without it: the server would refuse a configuration that labels them."""
        absent = {}
        for model in config.labelled_models(before) - {self.model}:
            statuses = self._server.statuses(model)
            for version in set(config.labels(before, model).values()) - _available(statuses):
                absent[model, version] = statuses.get(version)
        return absent

    def _let_go(self) -> None:
        """Has the server unload what no label needs, now or for going back."""
        now = self._file.read()
        labels = config.labels(now, self.model)
        previous = {self._history.previous(self.model, name, at) for name, at in labels.items()}
        chosen = config.chosen(now, self.model)
        needed = chosen & {*labels.values(), *(number for number in previous if number)}
        if needed and needed != chosen:
            self._apply(config.changed(now, self.model, needed, labels))

    def _remember(
        self, label: str, was: int | None, number: int, statuses: dict[int, Status]
    ) -> None:
        """Where a rollback leads: to what the label stood for, also if that was written into the
        file by hand, or to the newest version, which answered while there was no label."""
        if was is None and label != CANARY:
            was = max(_available(statuses), default=None)
        if was is not None and was != number:
            self._history.push(self.model, label, was)
        self._history.push(self.model, label, number)

    def _apply(self, wanted: Any, sent: Any | None = None) -> None:
        self._file.write(wanted)
        self._server.reload(wanted if sent is None else sent)

    @contextmanager
    def _restored(self, before: Any) -> Iterator[None]:
        """After an error or a signal, the file and the server are as they were."""
        written = self._file.read()
        try:
            yield
        except BaseException:
            self._file.write(written)
            with suppress(ReleaseError):  # it may be what went wrong
                self._server.reload(before)
            raise


def _available(statuses: dict[int, Status]) -> set[int]:
    return {number for number, status in statuses.items() if status.state == AVAILABLE}


def _from_to(was: int | None, number: int) -> str:
    if was == number:
        return f"stays {number}"
    return f"{number}" if was is None else f"{was} -> {number}"
