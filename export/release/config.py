"""The model server's configuration file: the record of what it should serve.

A model server has no call that returns its configuration, and a reload replaces all of it. So the
file that it is started with (``--model_config_file``, a ModelServerConfig as text) is edited first
and then sent, and always matches what was sent last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from google.protobuf import text_format

from export.client.stubs import model_server_config_pb2
from export.errors import ReleaseError
from export.publishing.location import one_line
from framewire import sharedfile, textfile

_HEADER = "# Written by `python -m export`; comments are not kept.\n"


class ConfigFile:
    """A ModelServerConfig in a text file that is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock while a release reads, decides and writes.

        Raise ``ReleaseError`` if another release is in progress.
        """
        with ExitStack() as held:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(sharedfile.locked(self.path))
            except BlockingIOError:
                raise ReleaseError(
                    f"another release that uses {self.path} is in progress; try again when it is "
                    "done"
                ) from None
            except OSError as error:
                raise ReleaseError(f"cannot write {self.path}: {error.strerror}") from None
            yield

    def read(self) -> Any | None:
        """Return the ModelServerConfig, or None if there is no file."""
        try:
            text = textfile.read(self.path)
            return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, text_format.ParseError) as error:
            raise ReleaseError(f"cannot read {self.path}: {one_line(error)}") from None

    def write(self, config: Any | None) -> None:
        """Replace the file; None removes it."""
        try:
            if config is None:
                self.path.unlink(missing_ok=True)
            else:
                sharedfile.replace(self.path, _HEADER + text_format.MessageToString(config))
        except OSError as error:
            raise ReleaseError(f"cannot write {self.path}: {error.strerror}") from None


def single(model: str, base_path: str) -> Any:
    """Return the ModelServerConfig of one model that serves its newest version.

    The flags ``--model_name`` and ``--model_base_path`` mean the same.
    """
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(
        name=model, base_path=base_path, model_platform="tensorflow"
    )
    return config


def entry(config: Any, model: str) -> Any | None:
    """Return the ModelConfig of a model, or None if it is not configured."""
    return next((one for one in config.model_config_list.config if one.name == model), None)


def pinned(config: Any, model: str) -> set[int]:
    """Return the versions that the configuration lists; empty if it has another policy."""
    configured = entry(config, model)
    return set(configured.model_version_policy.specific.versions) if configured else set()


def labels(config: Any, model: str) -> dict[str, int]:
    """Return the version of each label of a model."""
    configured = entry(config, model)
    return dict(configured.version_labels) if configured else {}


def labelled_models(config: Any) -> set[str]:
    """Return the models that have labels."""
    return {one.name for one in config.model_config_list.config if one.version_labels}


def unlabelled(config: Any, models: set[str]) -> Any:
    """Return a copy in which these models have no labels."""
    copy = model_server_config_pb2.ModelServerConfig()
    copy.CopyFrom(config)
    for one in copy.model_config_list.config:
        if one.name in models:
            one.version_labels.clear()
    return copy


def with_model(config: Any | None, model: str, base_path: str) -> Any:
    """Return a copy that contains the model, appended if it is new."""
    copy = model_server_config_pb2.ModelServerConfig()
    if config is not None:
        copy.CopyFrom(config)
    if entry(copy, model) is None:
        copy.model_config_list.config.extend(single(model, base_path).model_config_list.config)
    return copy


def changed(config: Any, model: str, versions: set[int], labelled: Mapping[str, int]) -> Any:
    """Return a copy in which the model has exactly these versions and labels.

    ``config`` must contain the model. Other models stay as they are.
    """
    copy = model_server_config_pb2.ModelServerConfig()
    copy.CopyFrom(config)
    configured = entry(copy, model)
    assert configured is not None
    configured.model_version_policy.specific.versions[:] = sorted(versions)
    configured.version_labels.clear()
    configured.version_labels.update(labelled)
    return copy
