"""How far a canary has got, stored beside the configuration file, so that it survives a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from export.errors import ReleaseError
from export.release.labels import CANARY
from framewire import sharedfile, textfile


@dataclass(frozen=True)
class Trial:
    """A canary under way.

    ``candidate`` is compared with ``current``, the version that ``label`` points to. ``shares``
    are the steps in percent; ``step`` is how many of them have begun, 0 while only a shadow sees
    the candidate.
    """

    candidate: int
    current: int
    label: str
    shares: tuple[int, ...]
    step: int = 0
    began_at: str = ""

    @property
    def share(self) -> int:
        """The share of sessions that get the candidate now, in percent."""
        return self.shares[self.step - 1] if self.step else 0

    @property
    def finished(self) -> bool:
        """Whether this is the last step."""
        return self.step == len(self.shares)

    @property
    def labels(self) -> list[str]:
        """The labels that lead to the candidate: the canary's own, and those of two steps.

        The label of the step before stays for as long as this step lasts, because gateways may
        follow it until they have learnt the new one.
        """
        return [CANARY, *labels_of(self.shares[max(0, self.step - 2) : self.step])]


def labels_of(shares: Sequence[int]) -> list[str]:
    """Return the labels that give these shares of sessions, in percent, to the candidate."""
    return [f"{CANARY}-{share}" for share in shares]


def _is_sound(trial: Trial) -> bool:
    """Return whether the fields have the right types, and the step exists."""
    numbers = (trial.candidate, trial.current, trial.step, *trial.shares)
    texts = (trial.label, trial.began_at)
    return (
        all(type(number) is int for number in numbers)
        and all(isinstance(text, str) for text in texts)
        and 0 <= trial.step <= len(trial.shares) > 0
    )


class TrialFile:
    """The trials of the models in a configuration file."""

    def __init__(self, config: Path) -> None:
        self.path = config.with_name(f"{config.name}.canary.json")

    @contextmanager
    def locked(self, model: str) -> Iterator[None]:
        """Hold the lock while a command decides on a model's canary. Raise ``ReleaseError``."""
        with ExitStack() as held:
            try:
                held.enter_context(sharedfile.locked(self.path, model))
            except BlockingIOError:
                raise ReleaseError(f"another command watches the canary of {model}") from None
            except OSError as error:
                raise ReleaseError(f"cannot write {self.path}: {error.strerror}") from None
            yield

    def read(self, model: str) -> Trial | None:
        """Return the trial of a model, or None. Raise ``ReleaseError`` if it cannot be read."""
        fields = self._read().get(model)
        if fields is None:
            return None
        try:
            trial = Trial(**{**fields, "shares": tuple(fields["shares"])})
        except (TypeError, KeyError):
            raise self._unreadable("it describes no canary") from None
        if not _is_sound(trial):
            raise self._unreadable("it describes no canary")
        return trial

    def write(self, model: str, trial: Trial | None) -> None:
        """Store the trial of a model; None: it is over."""
        content = self._read()
        content.pop(model, None)
        if trial is not None:
            content[model] = asdict(trial)
        try:
            sharedfile.replace(self.path, json.dumps(content, indent=1) + "\n")
        except OSError as error:
            raise ReleaseError(f"cannot write {self.path}: {error.strerror}") from None

    def _read(self) -> dict[str, Any]:
        try:
            content = json.loads(textfile.read(self.path))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable(str(error)) from None
        if not isinstance(content, dict):
            raise self._unreadable("it describes no canary")
        return content

    def _unreadable(self, why: str) -> ReleaseError:
        return ReleaseError(
            f"cannot read {self.path}: {why}; delete it, and end the canary with canary --stop"
        )
