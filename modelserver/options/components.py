"""The options of each component, derived from the flags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from grpc import alts_server_credentials

from modelserver.options import batching, credentials, sessions, text_files
from modelserver.options.batching import BatchingParameters
from modelserver.options.flags import FlagError, Options

METRICS_PATH = "/monitoring/prometheus/metrics"
_INTEGER = re.compile(r"-?[0-9]+")
ChannelArguments = Sequence[tuple[str, int | str]]


class ManagerOptions(NamedTuple):
    """How versions are found and loaded.

    ``poll_s`` is the interval between polls of the disk; 0 polls once. ``max_retries`` and
    ``retry_s`` control retries of failed loads. ``load_threads`` limits concurrent loads.
    """

    poll_s: float = 1.0
    max_retries: int = 5
    retry_s: float = 60.0
    load_threads: int = 1


class LoaderOptions(NamedTuple):
    """How versions are loaded and run.

    ``tags`` select the graph. ``config`` is the ConfigProto of sessions. ``calls_at_once`` and
    ``max_waiting`` configure each model's ``ConcurrencyLimiter``. Each warm-up record is run
    ``warm_up_iterations`` times; 0 disables warm-up. ``batching`` is ``None`` to disable batching.
    With ``batching_per_model``, only versions with a parameters file of their own are batched.
    """

    tags: Sequence[str]
    config: Any
    calls_at_once: int
    max_waiting: int
    warm_up_iterations: int
    batching: BatchingParameters | None = None
    batching_per_model: bool = False


class GrpcOptions(NamedTuple):
    """Where gRPC listens, and its limits.

    ``address`` is ``host:port``, with port 0 for any free port; empty for none. ``socket_path`` is
    the path of a Unix socket; empty for none. ``threads`` limits concurrent calls and ``max_calls``
    the sum of running and waiting calls. ``credentials`` enable TLS.
    """

    address: str
    socket_path: str = ""
    threads: int = 32
    max_calls: int = 256
    health: bool = False
    arguments: ChannelArguments = ()
    credentials: Any = None


class RestOptions(NamedTuple):
    """Where REST listens, and what it offers.

    An empty ``host`` means all interfaces; port 0 means any free port. ``threads`` limits
    concurrent requests. ``cors`` admits pages from other origins. ``metrics_path`` is the path of
    the Prometheus page; empty for none.
    """

    port: int
    threads: int = 8
    cors: bool = False
    metrics_path: str = ""
    host: str = ""


def manager(options: Options) -> ManagerOptions:
    """Return how versions are found and loaded."""
    return ManagerOptions(
        poll_s=options.file_system_poll_wait_seconds,
        max_retries=options.max_num_load_retries,
        retry_s=max(0, options.load_retry_interval_micros) / 1e6,
        load_threads=options.num_load_threads or 1,
    )


def loader(options: Options) -> LoaderOptions:
    """Return how versions are loaded and run."""
    iterations = options.num_request_iterations_for_warmup or 1
    return LoaderOptions(
        tags=options.saved_model_tags.split(","),
        config=sessions.from_flags(options),
        calls_at_once=options.model_calls_at_once or sessions.cpus() + 1,
        max_waiting=options.max_waiting_calls,
        warm_up_iterations=iterations if options.enable_model_warmup else 0,
        batching=_batching(options),
        batching_per_model=options.enable_per_model_batching_parameters,
    )


def grpc(options: Options) -> GrpcOptions:
    """Return where gRPC listens, and its limits."""
    threads = options.grpc_max_threads or max(32, 16 * sessions.cpus())
    tcp = options.port or not options.grpc_socket_path
    return GrpcOptions(
        address=_address(options.host, options.port) if tcp else "",
        socket_path=options.grpc_socket_path,
        threads=threads,
        max_calls=threads + options.max_waiting_calls,
        health=options.enable_grpc_healthcheck_service,
        arguments=_channel_arguments(options.grpc_channel_arguments),
        credentials=_credentials(options),
    )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host or '0.0.0.0'}:{port}"


def rest(options: Options) -> RestOptions:
    """Return where REST listens, and what it offers."""
    return RestOptions(
        host=options.host,
        port=options.rest_api_port,
        threads=options.rest_api_num_threads or 4 * sessions.cpus(),
        cors=options.rest_api_enable_cors_support,
        metrics_path=_metrics_path(options.monitoring_config_file),
    )


def _batching(options: Options) -> BatchingParameters | None:
    if not options.enable_batching:
        if options.batching_parameters_file:
            raise FlagError("--batching_parameters_file requires --enable_batching")
        return None
    defaults = BatchingParameters(threads=sessions.cpus())
    if not options.batching_parameters_file:
        return defaults
    return batching.read(options.batching_parameters_file, defaults)


def _credentials(options: Options) -> Any:
    if options.use_alts_credentials and options.ssl_config_file:
        raise FlagError("set --use_alts_credentials or --ssl_config_file, not both")
    if options.use_alts_credentials:
        return alts_server_credentials()
    return credentials.from_file(options.ssl_config_file) if options.ssl_config_file else None


def _channel_arguments(text: str) -> ChannelArguments:
    """Parse ``name=value,...``; a value that looks like an integer becomes one."""
    arguments: list[tuple[str, int | str]] = []
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals:
            raise FlagError(f"--grpc_channel_arguments: {part!r} is not name=value")
        arguments.append((name, _integer(value) if _INTEGER.fullmatch(value) else value))
    return arguments


def _integer(value: str) -> int:
    if len(value) > 11 or not -(2**31) <= int(value) < 2**31:
        raise FlagError(f"--grpc_channel_arguments: {value} does not fit into 32 bits")
    return int(value)


def _metrics_path(monitoring_file: str) -> str:
    if not monitoring_file:
        return ""
    prometheus = text_files.read(monitoring_file, text_files.new("MonitoringConfig"))
    config = prometheus.prometheus_config
    return (config.path or METRICS_PATH) if config.enable else ""
