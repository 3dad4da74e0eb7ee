"""Options -> the settings of each part."""

from __future__ import annotations

from typing import Any

from grpc import alts_server_credentials
from tensorflow.core.protobuf import config_pb2

from modelserver.execution.runtime import cpus, session_config
from modelserver.grpc_server import ChannelArguments, GrpcSettings
from modelserver.lifecycle.loader import LoaderSettings
from modelserver.lifecycle.manager import ManagerSettings
from modelserver.options import batching, credentials, text_files
from modelserver.options.batching import BatchingParameters
from modelserver.options.flags import Options
from modelserver.rest.server import RestSettings
from modelserver.status import invalid

METRICS_PATH = "/monitoring/prometheus/metrics"


def manager(options: Options) -> ManagerSettings:
    """How often to look at the disk, and to try again."""
    return ManagerSettings(
        poll_s=options.file_system_poll_wait_seconds,
        max_retries=options.max_num_load_retries,
        retry_s=max(0, options.load_retry_interval_micros) / 1e6,
        load_threads=options.num_load_threads or 1,
    )


def loader(options: Options) -> LoaderSettings:
    """How versions are loaded and run."""
    iterations = options.num_request_iterations_for_warmup or 1
    return LoaderSettings(
        tags=options.saved_model_tags.split(","),
        config=_session_config(options),
        calls_at_once=options.model_calls_at_once or cpus() + 1,
        max_waiting=options.max_waiting_calls,
        warm_up_iterations=iterations if options.enable_model_warmup else 0,
        batching=_batching(options),
        batching_per_model=options.enable_per_model_batching_parameters,
    )


def grpc(options: Options) -> GrpcSettings:
    """Where gRPC listens, and its bounds."""
    threads = options.grpc_max_threads or max(32, 16 * cpus())
    tcp = options.port or not options.grpc_socket_path
    return GrpcSettings(
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


def rest(options: Options) -> RestSettings:
    """Where REST listens, and what it offers."""
    return RestSettings(
        host=options.host,
        port=options.rest_api_port,
        threads=options.rest_api_num_threads or 4 * cpus(),
        cors=options.rest_api_enable_cors_support,
        metrics_path=_metrics_path(options.monitoring_config_file),
    )


def _batching(options: Options) -> BatchingParameters | None:
    if not options.enable_batching:
        if options.batching_parameters_file:
            raise invalid("--batching_parameters_file needs --enable_batching")
        return None
    defaults = BatchingParameters(threads=cpus())
    if not options.batching_parameters_file:
        return defaults
    return batching.read(options.batching_parameters_file, defaults)


def _credentials(options: Options) -> Any:
    if options.use_alts_credentials and options.ssl_config_file:
        raise invalid("set --use_alts_credentials or --ssl_config_file, not both")
    if options.use_alts_credentials:
        return alts_server_credentials()
    return credentials.credentials(options.ssl_config_file) if options.ssl_config_file else None


def _session_config(options: Options) -> Any:
    both = options.tensorflow_session_parallelism
    intra, inter = options.tensorflow_intra_op_parallelism, options.tensorflow_inter_op_parallelism
    if both > 0 and intra > 0 and inter > 0:
        raise invalid(
            "set --tensorflow_session_parallelism, or the intra_op and inter_op flags, not all"
        )
    config = session_config(intra or both, inter or both)
    if options.tensorflow_session_config_file:
        given = text_files.read(options.tensorflow_session_config_file, config_pb2.ConfigProto())
        if intra or inter or both:
            given.ClearField("intra_op_parallelism_threads")
            given.ClearField("inter_op_parallelism_threads")
        config.MergeFrom(given)
    return config


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
