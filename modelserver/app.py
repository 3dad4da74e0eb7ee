"""Wiring: creates the components from the options and connects them."""

from __future__ import annotations

import logging
from typing import Any

from modelserver.grpc_server import GrpcServer
from modelserver.lifecycle import model_config
from modelserver.lifecycle.active_config import ActiveConfig, nothing_selected
from modelserver.lifecycle.config_poller import ConfigPoller
from modelserver.lifecycle.loader import Loader
from modelserver.lifecycle.manager import Failure, Manager
from modelserver.lifecycle.registry import Registry
from modelserver.metrics import Metrics
from modelserver.options import components
from modelserver.options.flags import Options
from modelserver.rest.endpoints import RestApi
from modelserver.rest.server import RestServer
from modelserver.service import Service
from modelserver.status import Code, ServingError

log = logging.getLogger(__name__)


class ModelServer:
    """The complete server.

    ``models`` is the initial ModelServerConfig, from ``model_config.initial``. ``registry`` holds
    the versions and their states. ``port`` and ``rest_port`` are set by ``open``; 0 means closed.

    Raise ``ServingError`` if options contradict each other or name files that cannot be read.
    """

    def __init__(self, options: Options, models: Any) -> None:
        self._options = options
        self._models = models
        self._grpc_options = components.grpc(options)
        self._rest_options = components.rest(options)
        self._metrics = Metrics()
        self.registry = Registry()
        self._loader = Loader(self._metrics, components.loader(options))
        self._manager = Manager(self.registry, self._loader.load, components.manager(options))
        self._active_config = ActiveConfig(
            self.registry,
            self._manager,
            options.allow_version_labels_for_unavailable_models,
        )
        self._service = Service(
            self.registry,
            self._active_config,
            self._metrics,
            options.enable_serialization_as_tensor_content,
        )
        self._config_file = ConfigPoller(
            options.model_config_file,
            options.model_config_file_poll_wait_seconds,
            self._active_config,
        )
        self._grpc: GrpcServer | None = None
        self._rest: RestServer | None = None
        self.port = 0
        self.rest_port = 0

    def load(self) -> None:
        """Load the models and keep watching them.

        Raise ``ServingError`` if a model has no version that loads.
        """
        self._manager.start()
        try:
            failures = self._active_config.apply_file(self._models)
        except ServingError as error:
            raise _not_applied(self._options.model_config_file, error) from None
        if failures:
            raise _not_loaded(failures)
        if model_config.is_empty(self._models):
            log.info("the model config is empty; waiting for one that lists models")

    def open(self) -> None:
        """Open the ports and answer calls.

        Raise ``ServingError`` if a port is in use.
        """
        self._grpc = GrpcServer(self._service, self._metrics, self._grpc_options)
        self._rest = self._new_rest()
        self._loader.others_first = True
        self._grpc.start()
        self.port = self._grpc.port
        log.info("gRPC on %s", _addresses(self.port, self._options.grpc_socket_path))
        if self._rest is not None:
            self._rest.start()
            self.rest_port = self._rest.port
            log.info("REST on port %d", self.rest_port)
        self._config_file.start()

    def stop(self, grace_s: float = 4.0) -> None:
        """Accept no more calls, and let those in progress finish for up to ``grace_s`` seconds."""
        self._config_file.stop()
        self._manager.stop()
        stopped = self._grpc.stop(grace_s) if self._grpc is not None else None
        if self._rest is not None:
            self._rest.stop(grace_s)
        if stopped is not None:
            stopped.wait()
        self._loader.stop()

    def _new_rest(self) -> RestServer | None:
        if not self._rest_options.port:
            return None
        if self._rest_options.port == self._options.port:
            log.warning("REST is disabled: it cannot share the gRPC port")
            return None
        api = RestApi(self._service, self._metrics, self._options.rest_api_timeout_in_ms / 1000)
        return RestServer(api, self._metrics, self._rest_options)


def _not_applied(path: str, error: ServingError) -> ServingError:
    """Return the error for labels of versions that are not available, with what permits them."""
    message = f"{error.message}; --allow_version_labels_for_unavailable_models permits that"
    unavailable = error.code is Code.FAILED_PRECONDITION
    return model_config.in_file(path, ServingError(error.code, message) if unavailable else error)


def _not_loaded(failures: list[Failure]) -> ServingError:
    """Return the first problem to fix, in one line."""
    failure = failures[0]
    if not failure.errors:
        return nothing_selected(failure)
    number, error = failure.errors[0]
    return ServingError(error.code, f"{failure.name} version {number}: {error.message}")


def _addresses(port: int, socket_path: str) -> str:
    return " and ".join([f"port {port}"] * bool(port) + [socket_path] * bool(socket_path))
