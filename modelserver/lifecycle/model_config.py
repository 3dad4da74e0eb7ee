"""Model configs (ModelServerConfig): read from flags or a file, and validated."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from tensorflow_serving.config import model_server_config_pb2

from modelserver.lifecycle import base_path
from modelserver.options import text_files
from modelserver.options.flags import FlagError, Options
from modelserver.status import Code, ServingError, invalid

PLATFORM = "tensorflow"
_HINT = (
    '; a valid file: model_config_list { config { name: "digits" base_path: "/models/digits" '
    f'model_platform: "{PLATFORM}" }} }}'
)


def initial(options: Options) -> Any:
    """Return the ModelServerConfig that the flags ask for.

    Raise ``FlagError`` if they name no model, and ``ServingError`` if the model config is invalid
    or a model has no version on disk.
    """
    if options.model_config_file:
        return from_file(options.model_config_file)
    if not options.model_base_path:
        raise FlagError(
            "--model_base_path is required: the directory with the model's versions "
            "(or --model_config_file, for several models)"
        )
    config = single(options.model_name, options.model_base_path)
    for model in models(config):
        base_path.check_any(model.name, model.base_path)
    return config


def single(name: str, path: str) -> Any:
    """Return a ModelServerConfig for one model. A relative path is relative to the current
    directory.
    """
    config = model_server_config_pb2.ModelServerConfig()
    path = path if "://" in path else os.path.abspath(path)
    config.model_config_list.config.add(name=name, base_path=path, model_platform=PLATFORM)
    return config


def from_file(path: str) -> Any:
    """Read and validate a ModelServerConfig for the start of the server.

    Raise ``ServingError``, naming the file, if it is invalid or a model has no version on disk.
    """
    config = read(path)
    try:
        for model in () if is_empty(config) else models(config):
            base_path.check_any(model.name, model.base_path)
    except ServingError as error:
        raise in_file(path, error) from None
    return config


def read(path: str) -> Any:
    """Read a ModelServerConfig from a text file.

    Raise ``ServingError``, naming the file, if it cannot be read or parsed.
    """
    try:
        return text_files.read(path, model_server_config_pb2.ModelServerConfig())
    except ServingError as error:
        if error.code is not Code.INVALID_ARGUMENT:
            raise
        raise invalid(error.message + _HINT) from None


def in_file(path: str, error: ServingError) -> ServingError:
    """Return an error about the content of a file, with its path and, if it is invalid, a hint."""
    hint = _HINT if error.code is Code.INVALID_ARGUMENT else ""
    return ServingError(error.code, f"{path}: {error.message}{hint}")


def is_empty(config: Any) -> bool:
    """Return whether a ModelServerConfig says nothing, not even that there are no models."""
    return config.WhichOneof("config") is None


def models(config: Any, now: Iterable[Any] = ()) -> Any:
    """Validate a ModelServerConfig and return its ModelConfigs.

    ``now`` are the ModelConfigs that it replaces.

    Raise ``ServingError`` with INVALID_ARGUMENT if it is not a valid list of models.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        )
    listed = config.model_config_list.config
    _check_names(listed)
    for model in listed:
        _check_path(model)
    _check_platforms(listed, {model.name: _platform(model) for model in now})
    return listed


def labels(listed: Iterable[Any]) -> dict[str, dict[str, int]]:
    """Return the labels of ModelConfigs: model -> label -> version."""
    return {model.name: dict(model.version_labels) for model in listed}


def _check_platforms(listed: Iterable[Any], before: Mapping[str, str]) -> None:
    for model in listed:
        platform = _platform(model)
        was = before.get(model.name, platform)
        if platform != was:
            raise invalid(
                f"Illegal to change a model's platform. For model {model.name} platform was {was} "
                f"and new platform requested is {platform}"
            )
        if platform != PLATFORM:
            raise invalid(f"Model {model.name} requests unsupported platform {platform}")


def _platform(model: Any) -> str:
    if model.model_type:
        if model.model_platform:
            raise invalid(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                f"ModelServerConfig::model_platform, model name is {model.name}"
            )
        if model.model_type != model_server_config_pb2.TENSORFLOW:
            raise invalid(f"ModelServerConfig::model_type choice {model.model_type} not supported.")
        return PLATFORM
    if not model.model_platform:
        raise invalid(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            f"ModelServerConfig::model_platform, model name is {model.name}"
        )
    return str(model.model_platform)


def _check_names(listed: Iterable[Any]) -> None:
    seen: set[str] = set()
    for number, model in enumerate(listed, start=1):
        if not model.name:
            raise invalid(f"Model {number} of the list has no name")
        if model.name in seen:
            raise invalid(f"Illegal to list model {model.name} multiple times in config list")
        seen.add(model.name)


def _check_path(model: Any) -> None:
    path = base_path.directory(model.base_path)
    if "://" in path:
        raise invalid(f"Model {model.name}: base_path {path} is not a local directory")
    if not os.path.isabs(path):
        raise invalid(
            f"Expected model {model.name} to have an absolute path or URI; "
            f"got base_path()={model.base_path}"
        )
