"""Wiring: options -> registry, manager, service and the servers in front of it."""

from __future__ import annotations

import logging
import time
from typing import Any

from modelserver import basepath, savedmodel
from modelserver.configuration import Configuration
from modelserver.grpcserver import ChannelArguments, GrpcServer, GrpcSettings
from modelserver.manager import Failure, Loaded, Manager, ManagerSettings
from modelserver.model import Model
from modelserver.options import Options
from modelserver.registry import Registry
from modelserver.rest.api import RestApi
from modelserver.rest.server import RestServer, RestSettings
from modelserver.runtime import cpus, session_config
from modelserver.service import Service
from modelserver.status import Code, ServingError, invalid
from modelserver.turns import Turns
from modelserver.warmup import warm_up

_log = logging.getLogger(__name__)


class ModelServer:
    """The whole server in one object.

    Args:
        options: the command line.
        models: the ModelServerConfig to begin with, as `config.initial` has it.

    Attributes:
        registry: the versions and their states.
        port: the port of gRPC, once open; 0 for none.
        rest_port: the port of REST, likewise.

    Raises:
        ServingError: the options contradict one another.
    """

    def __init__(self, options: Options, models: Any) -> None:
        self._options = options
        self._models = models
        self._session_config = _session_config(options)
        self._tags = options.saved_model_tags.split(",")
        self._turns: dict[str, Turns] = {}
        self.registry = Registry()
        self._manager = Manager(self.registry, self._load, _manager_settings(options))
        self._configuration = Configuration(
            self.registry,
            self._manager,
            options.allow_version_labels_for_unavailable_models,
        )
        self._service = Service(
            self.registry, self._configuration, options.enable_serialization_as_tensor_content
        )
        self._grpc: GrpcServer | None = None
        self._rest: RestServer | None = None
        self.port = 0
        self.rest_port = 0

    def load(self) -> None:
        """Load the models and go on watching them.

        Raises:
            ServingError: a model has no version that loads.
        """
        self._manager.start()
        failures = self._configuration.apply(self._models)
        if failures:
            raise _not_loaded(failures)

    def open(self) -> None:
        """Open the ports and answer calls.

        Raises:
            ServingError: a port is taken.
        """
        options = self._options
        self._grpc = GrpcServer(self._service, _grpc_settings(options))
        if options.rest_api_port and options.rest_api_port == options.port:
            _log.warning("no REST: its port cannot be the port of gRPC")
        elif options.rest_api_port:
            api = RestApi(self._service, options.rest_api_timeout_in_ms / 1000)
            self._rest = RestServer(api, _rest_settings(options))
        self._grpc.start()
        self.port = self._grpc.port
        _log.info("gRPC on %s", _address(options, self.port))
        if self._rest is not None:
            self._rest.start()
            self.rest_port = self._rest.port
            _log.info("REST on port %d", self.rest_port)

    def stop(self, grace_s: float = 4.0) -> None:
        """Take no more calls, and give those under way `grace_s` seconds."""
        self._manager.stop()
        stopped = self._grpc.stop(grace_s) if self._grpc is not None else None
        if self._rest is not None:
            self._rest.stop(grace_s)
        if stopped is not None:
            stopped.wait()

    def _load(self, name: str, number: int, path: str) -> Loaded:
        started = time.monotonic()
        graph_session, signatures = savedmodel.load(path, self._tags, self._session_config)
        model = Model(name, number, graph_session, signatures, self._turns_of(name))
        loaded = time.monotonic()
        try:
            if self._options.enable_model_warmup:
                warm_up(model, path, self._options.num_request_iterations_for_warmup or 1)
        except BaseException:
            model.close()
            raise
        return Loaded(model, loaded - started, time.monotonic() - loaded)

    def _turns_of(self, name: str) -> Turns:
        """All versions of a model share one queue, so that a switch does not double the load."""
        options = self._options
        slots = options.model_calls_at_once or cpus() + 1
        return self._turns.setdefault(name, Turns(slots, options.max_waiting_calls))


def _not_loaded(failures: list[Failure]) -> ServingError:
    """The first thing that the user should mend, in one line."""
    name, base_path, errors = failures[0]
    if not errors:
        basepath.check_any(name, base_path)
        return ServingError(Code.UNKNOWN, f"{name}: no version could be loaded from {base_path}")
    number, error = errors[0]
    return ServingError(error.code, f"{name} version {number}: {error.message}")


def _manager_settings(options: Options) -> ManagerSettings:
    return ManagerSettings(
        poll_s=options.file_system_poll_wait_seconds,
        max_retries=options.max_num_load_retries,
        retry_s=max(0, options.load_retry_interval_micros) / 1e6,
        load_threads=options.num_load_threads or 1,
    )


def _session_config(options: Options) -> Any:
    both = options.tensorflow_session_parallelism
    intra, inter = options.tensorflow_intra_op_parallelism, options.tensorflow_inter_op_parallelism
    if both > 0 and intra > 0 and inter > 0:
        raise invalid(
            "set --tensorflow_session_parallelism, or the intra_op and inter_op flags, not all"
        )
    return session_config(intra or both, inter or both)


def _grpc_settings(options: Options) -> GrpcSettings:
    threads = options.grpc_max_threads or max(32, 16 * cpus())
    tcp = options.port or not options.grpc_socket_path
    return GrpcSettings(
        address=f"0.0.0.0:{options.port}" if tcp else "",
        socket_path=options.grpc_socket_path,
        threads=threads,
        max_calls=threads + options.max_waiting_calls,
        health=options.enable_grpc_healthcheck_service,
        arguments=_channel_arguments(options.grpc_channel_arguments),
    )


def _rest_settings(options: Options) -> RestSettings:
    return RestSettings(
        port=options.rest_api_port,
        threads=options.rest_api_num_threads or 4 * cpus(),
        cors=options.rest_api_enable_cors_support,
    )


def _channel_arguments(text: str) -> ChannelArguments:
    """``name=value,...``, where a value that reads as an integer is one."""
    arguments: list[tuple[str, int | str]] = []
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals:
            raise invalid(f"--grpc_channel_arguments: {part!r} is not name=value")
        arguments.append((name, int(value) if value.lstrip("-").isdigit() else value))
    return arguments


def _address(options: Options, port: int) -> str:
    places = [f"port {port}"] if port else []
    if options.grpc_socket_path:
        places.append(options.grpc_socket_path)
    return " and ".join(places)
