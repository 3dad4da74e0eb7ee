"""Wiring: options -> registry, manager, service and the servers in front of it."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from modelserver import config, savedmodel
from modelserver.configuration import Configuration
from modelserver.grpcserver import ChannelArguments, GrpcServer, GrpcSettings
from modelserver.manager import Failure, Loaded, Manager, ManagerSettings
from modelserver.model import Model
from modelserver.options import Options
from modelserver.registry import Registry
from modelserver.runtime import cpus, session_config
from modelserver.service import Service
from modelserver.status import Code, ServingError, invalid
from modelserver.turns import Turns
from modelserver.warmup import warm_up

_log = logging.getLogger(__name__)


class ModelServer:
    """The whole server in one object.

    Attributes:
        registry: the versions and their states.
        port: the port of gRPC, once started.

    Raises:
        ServingError: the options contradict one another.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
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
        self._service = Service(self.registry, options.enable_serialization_as_tensor_content)
        self._grpc: GrpcServer | None = None
        self.port = 0

    def start(self) -> None:
        """Load the models, then open the ports.

        Raises:
            ServingError: a model has no version that loads, or a port is taken.
        """
        wanted = _initial_config(self._options)
        self._manager.start()
        failures = self._configuration.apply(wanted)
        if failures:
            raise _nothing_to_serve(failures)
        self._grpc = GrpcServer(self._service, _grpc_settings(self._options))
        self._grpc.start()
        self.port = self._grpc.port
        _log.info("gRPC on %s", _address(self._options, self.port))

    def stop(self, grace_s: float = 4.0) -> None:
        """Take no more calls, and give those under way `grace_s` seconds."""
        self._manager.stop()
        if self._grpc is not None:
            self._grpc.stop(grace_s)

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


def _initial_config(options: Options) -> Any:
    if options.model_config_file:
        return config.read(options.model_config_file)
    if not options.model_base_path:
        raise invalid("--model_base_path or --model_config_file must say what to serve")
    return config.single(options.model_name, options.model_base_path)


def _nothing_to_serve(failures: list[Failure]) -> ServingError:
    """The first thing that the user should mend, in one line."""
    failures = sorted(failures, key=lambda failure: os.path.isdir(failure.base_path))
    name, base_path, errors = failures[0]
    if errors:
        number, error = errors[0]
        return ServingError(error.code, f"{name} version {number}: {error.message}")
    found = "holds no version" if os.path.isdir(base_path) else "is not there"
    return ServingError(
        Code.NOT_FOUND,
        f"nothing to serve as {name}: {base_path} {found}; a version is a directory named by a "
        "number with a SavedModel in it, such as `python -m export savedmodel` makes",
    )


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
