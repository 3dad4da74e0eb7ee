"""Model configs (ModelServerConfig): read from flags or a file, and validated."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from tensorflow_serving.config import model_server_config_pb2

from modelserver.lifecycle import base_path
from modelserver.options import text_files
from modelserver.options.flags import Options
from modelserver.status import invalid

PLATFORM = "tensorflow"


def initial(options: Options) -> Any:
    """Return the ModelServerConfig that the flags ask for.

    Raise ``ServingError`` if there is none, if it is invalid, or if a model has no version on disk.
    """
    if options.model_config_file:
        config = read(options.model_config_file)
    elif options.model_base_path:
        config = single(options.model_name, options.model_base_path)
    else:
        raise invalid("--model_base_path or --model_config_file must say what to serve")
    for model in models(config):
        base_path.check_any(model.name, model.base_path)
    return config


def single(name: str, base_path: str) -> Any:
    """Return a ModelServerConfig for one model. A relative path is relative to the current
    directory.
    """
    config = model_server_config_pb2.ModelServerConfig()
    path = os.path.abspath(base_path)
    config.model_config_list.config.add(name=name, base_path=path, model_platform=PLATFORM)
    return config


def read(path: str) -> Any:
    """Read a ModelServerConfig from a text file.

    Raise ``ServingError`` if the file cannot be read or parsed.
    """
    return text_files.read(path, model_server_config_pb2.ModelServerConfig())


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
    for model in listed:
        if model.name in seen:
            raise invalid(f"Illegal to list model {model.name} multiple times in config list")
        seen.add(model.name)


def _check_path(model: Any) -> None:
    if "://" in model.base_path:
        raise invalid(f"Model {model.name}: base_path {model.base_path} is not a local directory")
    if not os.path.isabs(model.base_path):
        raise invalid(
            f"Expected model {model.name} to have an absolute path or URI; "
            f"got base_path()={model.base_path}"
        )
