"""The model servers' configuration file: the models in it, and their labels.

No call of TensorFlow Serving lists its models, so the gateway reads their names here.
A reload replaces a model server's whole configuration, and no call returns it. So a label can only
be moved by somebody who has the rest of it: the file that the model servers are started with.
``framewire export`` edits the same file, under the same lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from framewire import sharedfile, textfile
from server.backend.stubs import management

_HEADER = "# Written by Framewire; comments are not kept.\n"


class LabelRefused(Exception):
    """A label cannot be moved; the message says why."""


class ModelConfigFile:
    """A ModelServerConfig as text. Every method raises ``LabelRefused``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock that ``framewire export`` takes as well."""
        with ExitStack() as held:
            try:
                held.enter_context(sharedfile.locked(self.path))
            except BlockingIOError:
                raise LabelRefused(
                    f"another release that uses {self.path} is in progress; try again when it is "
                    "done"
                ) from None
            except OSError as error:
                raise LabelRefused(f"cannot write {self.path}: {error.strerror}") from None
            yield

    def read(self) -> Any:
        """Return the ModelServerConfig."""
        try:
            text = textfile.read(self.path)
            return text_format.Parse(text, management().ModelServerConfig())
        except FileNotFoundError:
            raise LabelRefused(
                f"{self.path} does not exist; the first 'framewire export promote' writes it"
            ) from None
        except (OSError, ValueError, text_format.ParseError) as error:
            reason = " ".join((getattr(error, "strerror", None) or str(error)).split())
            raise LabelRefused(f"cannot read {self.path}: {reason}") from None

    def models(self) -> list[str]:
        """Return the names of the models in it; none before the first release writes it."""
        try:
            self.path.stat()
        except FileNotFoundError:
            return []
        except OSError:
            pass  # which reading it explains
        return [one.name for one in self.read().model_config_list.config]

    def write(self, config: Any) -> None:
        """Replace the file in one step."""
        try:
            sharedfile.replace(self.path, _HEADER + text_format.MessageToString(config))
        except OSError as error:
            raise LabelRefused(f"cannot write {self.path}: {error.strerror}") from None

    def entry(self, config: Any, model: str) -> Any:
        """Return the ModelConfig of a model."""
        for one in config.model_config_list.config:
            if one.name == model:
                return one
        raise LabelRefused(f"{self.path} does not list the model {model}")
