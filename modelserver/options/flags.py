"""Every flag, defined once: the fields of ``Options`` hold its name, default, group and help.

Names and defaults are those of tensorflow_model_server, so either program can replace the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from modelserver.status import Code, ServingError

GROUP = "group"
HELP = "help"
COMMON = "common"
NO_EFFECT = "no_effect"

MODEL = "Model"
NETWORK = "Network"
VERSIONS = "Loading versions"
LIMITS = "Limits"
BATCHING = "Batching"
TENSORFLOW = "TensorFlow"
OTHER = "Other"
IGNORED = "Accepted for compatibility, without effect"
GROUPS = (MODEL, NETWORK, VERSIONS, LIMITS, BATCHING, TENSORFLOW, OTHER, IGNORED)


class FlagError(ServingError):
    """An invalid command line; the message is one line for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(Code.INVALID_ARGUMENT, message)


def _flag(group: str, default: Any, help_text: str, common: bool = False) -> Any:
    """Define a flag. Common flags are listed by ``--help``, the others by ``--help=all``."""
    return field(default=default, metadata={GROUP: group, HELP: help_text, COMMON: common})


def _ignored(default: Any, reason: str) -> Any:
    """Define a flag of the real server that is accepted but has no effect."""
    metadata = {GROUP: IGNORED, HELP: reason, COMMON: False, NO_EFFECT: reason}
    return field(default=default, metadata=metadata)


_TFLITE = "TensorFlow Lite models are not supported"
_CPU_ONLY = "models run on the CPU"


@dataclass(frozen=True)
class Options:
    """The parsed command line."""

    model_name: str = _flag(MODEL, "default", "the name that clients use", common=True)
    model_base_path: str = _flag(
        MODEL, "", "directory with the versions of the model, such as 1/ and 2/", common=True
    )
    model_config_file: str = _flag(
        MODEL, "", "text file that lists models (ModelServerConfig), instead of one", common=True
    )
    model_config_file_poll_wait_seconds: float = _flag(
        MODEL, 0.0, "seconds between two reads of that file; 0: read it once", common=True
    )
    allow_version_labels_for_unavailable_models: bool = _flag(
        MODEL, False, "accept new labels for versions that have not loaded yet"
    )
    saved_model_tags: str = _flag(MODEL, "serve", "tags of the graph to load, comma-separated")

    port: int = _flag(
        NETWORK,
        8500,
        "gRPC port; 0: any free port, or none if --grpc_socket_path is set",
        common=True,
    )
    rest_api_port: int = _flag(NETWORK, 0, "REST port; 0: no REST", common=True)
    host: str = _flag(
        NETWORK,
        "",
        "address to listen on; empty: all interfaces (not in the real server)",
        common=True,
    )
    grpc_socket_path: str = _flag(NETWORK, "", "Unix socket on which to offer gRPC as well")
    ssl_config_file: str = _flag(NETWORK, "", "text file with an SSLConfig: TLS for gRPC")
    use_alts_credentials: bool = _flag(NETWORK, False, "use Google Cloud's ALTS for gRPC")
    grpc_channel_arguments: str = _flag(NETWORK, "", "gRPC server options: name=value,...")
    rest_api_enable_cors_support: bool = _flag(
        NETWORK, False, "allow REST calls from web pages of other origins"
    )

    file_system_poll_wait_seconds: float = _flag(
        VERSIONS, 1.0, "seconds between two checks for new versions; 0: check once", common=True
    )
    max_num_load_retries: int = _flag(VERSIONS, 5, "maximum retries of a failed load")
    load_retry_interval_micros: int = _flag(
        VERSIONS, 60_000_000, "microseconds between two attempts to load a version"
    )
    num_load_threads: int = _flag(VERSIONS, 0, "versions loaded in parallel; 0: one")
    enable_model_warmup: bool = _flag(
        VERSIONS, True, "run a new version before clients can call it"
    )
    num_request_iterations_for_warmup: int = _flag(
        VERSIONS, 0, "runs of each recorded warm-up request; 0: one"
    )

    model_calls_at_once: int = _flag(
        LIMITS, 0, "concurrent runs of a model; 0: CPUs + 1 (not in the real server)"
    )
    max_waiting_calls: int = _flag(
        LIMITS, 256, "waiting calls; more get RESOURCE_EXHAUSTED (not in the real server)"
    )
    grpc_max_threads: int = _flag(
        LIMITS, 0, "concurrent gRPC calls; 0: 16 per CPU, but at least 32"
    )
    rest_api_num_threads: int = _flag(LIMITS, 0, "concurrent REST requests; 0: 4 per CPU")
    rest_api_timeout_in_ms: int = _flag(
        LIMITS, 30_000, "milliseconds until a REST request times out"
    )

    enable_batching: bool = _flag(BATCHING, False, "merge calls into batches")
    batching_parameters_file: str = _flag(BATCHING, "", "text file with BatchingParameters")
    enable_per_model_batching_parameters: bool = _flag(
        BATCHING, False, "batch only versions that contain batching_params.pbtxt, as it says"
    )

    tensorflow_session_parallelism: int = _flag(
        TENSORFLOW, 0, "sets both of the following; 0: choose automatically"
    )
    tensorflow_intra_op_parallelism: int = _flag(
        TENSORFLOW, 0, "threads per operation; 0: choose automatically"
    )
    tensorflow_inter_op_parallelism: int = _flag(
        TENSORFLOW, 0, "operations in parallel; 0: choose automatically"
    )
    tensorflow_session_config_file: str = _flag(
        TENSORFLOW, "", "text file with a ConfigProto; the three flags above override it"
    )

    monitoring_config_file: str = _flag(
        OTHER, "", "text file with a MonitoringConfig: metrics for Prometheus"
    )
    enable_grpc_healthcheck_service: bool = _flag(OTHER, False, "offer gRPC health checks")
    enable_serialization_as_tensor_content: bool = _flag(
        OTHER, False, "return outputs in tensor_content instead of typed fields"
    )
    version: bool = _flag(OTHER, False, "print the versions and exit", common=True)

    flush_filesystem_caches: bool = _ignored(True, "files are not cached after a load")
    num_unload_threads: int = _ignored(0, "each unload has its own thread")
    remove_unused_fields_from_bundle_metagraph: bool = _ignored(True, "only signatures are kept")
    platform_config_file: str = _ignored("", "TensorFlow is the only platform")
    enable_signature_method_name_check: bool = _ignored(False, "method names are not checked")
    per_process_gpu_memory_fraction: float = _ignored(0.0, _CPU_ONLY)
    xla_cpu_compilation_enabled: bool = _ignored(False, "TensorFlow's XLA settings apply")
    xla_gpu_compilation_enabled: bool = _ignored(False, _CPU_ONLY)
    mixed_precision: str = _ignored("", _CPU_ONLY)
    skip_initialize_tpu: bool = _ignored(False, _CPU_ONLY)
    prefer_tflite_model: bool = _ignored(False, _TFLITE)
    num_tflite_pools: int = _ignored(0, _TFLITE)
    num_tflite_interpreters_per_pool: int = _ignored(1, _TFLITE)
    enable_profiler: bool = _ignored(True, "the profiler service is not offered")
    thread_pool_factory_config_file: str = _ignored("", "TensorFlow's own thread pools are used")
