"""Options -> the settings of each part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from grpc import alts_server_credentials

from modelserver.options import batching, credentials, sessions, text_files
from modelserver.options.batching import BatchingParameters
from modelserver.options.flags import Options
from modelserver.status import invalid

METRICS_PATH = "/monitoring/prometheus/metrics"
ChannelArguments = Sequence[tuple[str, int | str]]


class ManagerOptions(NamedTuple):
    """How often to look (0: once), how often to try a failed load again and when, and how many
    loads may go on at once."""

    poll_s: float = 1.0
    max_retries: int = 5
    retry_s: float = 60.0
    load_threads: int = 1


class LoaderOptions(NamedTuple):
    """How versions are loaded and run.

    tags: of the graph. config: the sessions' ConfigProto. calls_at_once, max_waiting: see
    ``ConcurrencyLimiter``.
    warm_up_iterations: runs of each warm-up record; 0 for no warm-up at all. batching: how calls
    are put together; None for not at all. batching_per_model: a version's own file says how, and
    one without the file is not batched.
    """

    tags: Sequence[str]
    config: Any
    calls_at_once: int
    max_waiting: int
    warm_up_iterations: int
    batching: BatchingParameters | None = None
    batching_per_model: bool = False


class GrpcOptions(NamedTuple):
    """Where to listen, and the bounds.

    address: ``host:port``, port 0 for any free one; empty for none.
    socket_path: of a Unix socket; empty for none.
    threads: calls under way at once. max_calls: calls under way or waiting for a thread.
    credentials: for TLS; None for none.
    """

    address: str
    socket_path: str = ""
    threads: int = 32
    max_calls: int = 256
    health: bool = False
    arguments: ChannelArguments = ()
    credentials: Any = None


class RestOptions(NamedTuple):
    """Where to listen, and what to offer.

    port: 0 takes any free one. threads: requests answered at once. cors: whether pages from
    elsewhere may ask. metrics_path: where Prometheus finds the metrics; empty for nowhere.
    host: empty for every interface.
    """

    port: int
    threads: int = 8
    cors: bool = False
    metrics_path: str = ""
    host: str = ""


def manager(options: Options) -> ManagerOptions:
    """How often to look at the disk, and to try again."""
    return ManagerOptions(
        poll_s=options.file_system_poll_wait_seconds,
        max_retries=options.max_num_load_retries,
        retry_s=max(0, options.load_retry_interval_micros) / 1e6,
        load_threads=options.num_load_threads or 1,
    )


def loader(options: Options) -> LoaderOptions:
    """How versions are loaded and run."""
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
    """Where gRPC listens, and its bounds."""
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
    """Where REST listens, and what it offers."""
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
            raise invalid("--batching_parameters_file needs --enable_batching")
        return None
    defaults = BatchingParameters(threads=sessions.cpus())
    if not options.batching_parameters_file:
        return defaults
    return batching.read(options.batching_parameters_file, defaults)


def _credentials(options: Options) -> Any:
    if options.use_alts_credentials and options.ssl_config_file:
        raise invalid("set --use_alts_credentials or --ssl_config_file, not both")
    if options.use_alts_credentials:
        return alts_server_credentials()
    return credentials.credentials(options.ssl_config_file) if options.ssl_config_file else None


def _channel_arguments(text: str) -> ChannelArguments:
    """``name=value,...``, where a value that reads as an integer is one."""
    arguments: list[tuple[str, int | str]] = []
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals:
            raise invalid(f"--grpc_channel_arguments: {part!r} is not name=value")
        arguments.append((name, int(value) if value.lstrip("-").isdigit() else value))
    return arguments


def _metrics_path(monitoring_file: str) -> str:
    if not monitoring_file:
        return ""
    prometheus = text_files.read(monitoring_file, text_files.new("MonitoringConfig"))
    config = prometheus.prometheus_config
    return (config.path or METRICS_PATH) if config.enable else ""
